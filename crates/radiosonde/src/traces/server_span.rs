//! The span of a request, by the semantic conventions for HTTP servers.

use std::cell::RefCell;

use http::{HeaderName, HeaderValue, Method, Version, header};
use opentelemetry::trace::{
    SpanContext, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceState, Tracer as _,
};
use opentelemetry::{Context, ContextGuard, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SdkTracer, Span as SdkSpan};
use radiosonde_tower::{Arrival, Entered, Observation, Observer, Scope};

use super::propagation;

/// Gives each request a span.
#[derive(Debug)]
pub(crate) struct ServerSpans {
    tracer: SdkTracer,
    /// Whether spans go anywhere. Those that do not are ids, and nothing is written into them.
    exported: bool,
    /// The header of the response that holds the id of the trace.
    header: Option<HeaderName>,
}

/// The span of a request, in the context that its code runs in.
#[derive(Debug)]
struct ServerSpan {
    context: Context,
    header: Option<HeaderName>,
}

impl ServerSpans {
    pub(crate) fn new(tracer: SdkTracer, exported: bool, header: Option<HeaderName>) -> Self {
        Self {
            tracer,
            exported,
            header,
        }
    }

    fn span(&self, request: &Arrival<'_>, parent: &Context) -> SdkSpan {
        let span = self
            .tracer
            .span_builder(name(request))
            .with_attributes(attributes(request))
            .with_kind(SpanKind::Server);
        self.tracer.build_with_context(span, parent)
    }

    /// Returns the context that a request runs in, within that which it came with.
    fn context(&self, request: &Arrival<'_>, parent: Context) -> Context {
        if self.exported {
            let span = self.span(request, &parent);
            parent.with_span(span)
        } else if parent.span().span_context().is_valid() {
            // A trace that is recorded elsewhere passes through as it came: its flag is for those who come after us, too.
            parent
        } else {
            parent.with_remote_span_context(ids())
        }
    }
}

/// Makes ids for a request whose span goes nowhere: for its log lines, its error reports and the services that it calls.
fn ids() -> SpanContext {
    let generator = RandomIdGenerator::default();
    let (trace_id, span_id) = (generator.new_trace_id(), generator.new_span_id());
    SpanContext::new(
        trace_id,
        span_id,
        TraceFlags::default(),
        false,
        TraceState::NONE,
    )
}

impl Observer for ServerSpans {
    fn arrive(&self, request: &Arrival<'_>) -> Option<Box<dyn Scope>> {
        let parent = propagation::extract(request.headers());
        let context = self.context(request, parent);
        Some(Box::new(ServerSpan {
            context,
            header: self.header.clone(),
        }))
    }
}

impl Scope for ServerSpan {
    fn enter(&self) -> Entered {
        enter(&self.context)
    }

    #[cfg(feature = "otlp")]
    fn sampled_span(&self) -> Option<radiosonde_metrics::SampledSpan> {
        super::current::sampled_span_of(&self.context)
    }

    fn response_header(&self) -> Option<(HeaderName, HeaderValue)> {
        let name = self.header.clone()?;
        let trace_id = self.context.span().span_context().trace_id().to_string();
        Some((name, HeaderValue::try_from(trace_id).ok()?))
    }

    fn close(self: Box<Self>, observation: &Observation<'_>) {
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        if observation.has_response() {
            span.set_attribute(KeyValue::new(
                "http.response.status_code",
                i64::from(observation.status()),
            ));
        }
        if let Some(error) = observation.error_type() {
            span.set_attribute(KeyValue::new("error.type", error.to_string()));
            span.set_status(Status::error(""));
        }
        span.set_attribute(KeyValue::new(
            "radiosonde.outcome",
            observation.outcome().as_str(),
        ));
        span.end();
    }
}

/// Makes a context the current one of this thread until the guard is dropped.
pub(super) fn enter(context: &Context) -> Entered {
    let guard = context.clone().attach();
    // On a thread that is ending the guard is dropped at once, and the request runs outside its span.
    let _ = ATTACHED.try_with(|attached| attached.borrow_mut().push(guard));
    Entered::new(|| {
        let _ = ATTACHED.try_with(|attached| {
            let guard = attached.borrow_mut().pop();
            drop(guard);
        });
    })
}

/// Returns a method as names of spans have it: the conventions call an unknown one `HTTP` here, and `_OTHER` only in
/// attributes.
pub(super) fn method_name(method_label: &'static str) -> &'static str {
    match method_label {
        "_OTHER" => "HTTP",
        method => method,
    }
}

fn name(request: &Arrival<'_>) -> String {
    let method = method_name(request.method_label());
    match request.route() {
        "" => method.into(),
        route => format!("{method} {route}"),
    }
}

/// Returns the attributes of a method, with room for those that servers and clients have beside them.
pub(super) fn of_method(label: &'static str, method: &Method) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(8);
    attributes.push(KeyValue::new("http.request.method", label));
    if label == "_OTHER" {
        attributes.push(KeyValue::new(
            "http.request.method_original",
            bounded(method.as_str()),
        ));
    }
    attributes
}

fn attributes(request: &Arrival<'_>) -> Vec<KeyValue> {
    let mut attributes = of_method(request.method_label(), request.method());
    // The query is left out: it may hold secrets.
    attributes.push(KeyValue::new("url.path", bounded(request.uri().path())));
    attributes.push(KeyValue::new(
        "url.scheme",
        if request.uri().scheme_str() == Some("https") {
            "https"
        } else {
            "http"
        },
    ));
    if !request.route().is_empty() {
        attributes.push(KeyValue::new("http.route", request.route().to_owned()));
    }
    if let Some(version) = version(request.version()) {
        attributes.push(KeyValue::new("network.protocol.version", version));
    }
    if let Some(agent) = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
    {
        attributes.push(KeyValue::new("user_agent.original", bounded(agent)));
    }
    attributes
}

/// Returns a version of HTTP as attributes have it.
pub(super) fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// Cuts what somebody else chose to a length that a full queue of spans can hold.
pub(super) fn bounded(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_VALUE)].to_owned()
}

thread_local! {
    /// The contexts that this thread has entered, innermost last. Guards cannot leave their thread, and scopes do.
    static ATTACHED: RefCell<Vec<ContextGuard>> = const { RefCell::new(Vec::new()) };
}

const MAX_VALUE: usize = 1_024;
