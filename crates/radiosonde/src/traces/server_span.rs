//! The span of a request, by the semantic conventions for HTTP servers.

use std::cell::RefCell;

use http::{HeaderName, HeaderValue, Method, Version, header};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, TraceId, Tracer as _};
use opentelemetry::{Context, ContextGuard, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, Sampler, SdkTracer};
use radiosonde_tower::{Arrival, CurrentRequest, Entered, Observation, Observer, Scope, SpanIds};

use super::propagation::{self, Parent, ids_of};
use super::{call, sampling};

/// Gives each request its ids, and a span if it is sampled.
#[derive(Debug)]
pub(crate) struct ServerSpans {
    tracer: SdkTracer,
    /// Decides which requests have a span. `None` where spans go nowhere: then nothing is written into any.
    sampler: Option<Sampler>,
    /// The header of the response that holds the id of the trace.
    header: Option<HeaderName>,
}

/// The context that the code of a request runs in, with the span of the request if it has one.
#[derive(Debug)]
struct ServerSpan(Context);

impl ServerSpans {
    pub(crate) fn new(
        tracer: SdkTracer,
        sampler: Option<Sampler>,
        header: Option<HeaderName>,
    ) -> Self {
        Self {
            tracer,
            sampler,
            header,
        }
    }

    /// Opens a span below `parent`; `None` when the traces have ended.
    fn open(&self, request: &Arrival<'_>, parent: &Context, trace_id: TraceId) -> Option<Context> {
        let span = self
            .tracer
            .span_builder(name(request))
            .with_attributes(attributes(request))
            .with_kind(SpanKind::Server);
        let span = sampling::decided(trace_id, || self.tracer.build_with_context(span, parent));
        let context = parent.with_span(span);
        let is_valid = context.span().span_context().is_valid();
        is_valid.then_some(context)
    }

    /// Leaves a request without a span of its own, and returns the scope that it needs all the same.
    fn pass_on(parent: Parent, ids: SpanIds, current: &mut CurrentRequest) -> Option<ServerSpan> {
        current.set_span(ids);
        if let Parent::Context(context) = parent {
            // What came with the trace goes on with it.
            let state = context.span().span_context().trace_state().clone();
            let span = propagation::with_state(ids, state);
            return Some(ServerSpan(context.with_remote_span_context(span)));
        }
        // A span around the code that calls this service in the same process is not one around the request.
        let has_outer = Context::map_current(TraceContextExt::has_active_span);
        has_outer.then(|| ServerSpan(Parent::Ids(ids).to_context()))
    }
}

impl Observer for ServerSpans {
    fn arrive(
        &self,
        request: &Arrival<'_>,
        current: &mut CurrentRequest,
    ) -> Option<Box<dyn Scope>> {
        let parent = propagation::extract(request.headers());
        let came_with = parent.ids();
        let generator = RandomIdGenerator::default();
        let trace_id = came_with.map_or_else(
            || generator.new_trace_id(),
            |ids| TraceId::from_bytes(ids.trace_id()),
        );
        if let Some(name) = &self.header
            && let Ok(value) = HeaderValue::try_from(trace_id.to_string())
        {
            current.add_response_header(name.clone(), value);
        }
        let is_sampled = match &self.sampler {
            // Before a word of the span is written: most requests of a busy service are not sampled.
            Some(sampler) => sampling::is_sampled(sampler, came_with, trace_id),
            // A trace that is recorded elsewhere passes through as it came: its flag is for those who come after us, too.
            None => came_with.is_some_and(|ids| ids.is_sampled()),
        };
        if self.sampler.is_some() && is_sampled {
            let context = self.open(request, &parent.to_context(), trace_id);
            if let Some(context) = context {
                current.set_span(ids_of(context.span().span_context()));
                return Some(Box::new(ServerSpan(context)));
            }
        }
        let span_id =
            came_with.map_or_else(|| generator.new_span_id().to_bytes(), |ids| ids.span_id());
        let ids = SpanIds::new(trace_id.to_bytes(), span_id, is_sampled);
        let scope = Self::pass_on(parent, ids, current)?;
        Some(Box::new(scope))
    }
}

impl Scope for ServerSpan {
    fn enter(&self) -> Entered {
        enter(&self.0)
    }

    fn close(self: Box<Self>, observation: &Observation<'_>) {
        let span = self.0.span();
        if !span.is_recording() {
            return;
        }
        if let Some(call) = observation.grpc() {
            call::write(&span, call);
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
    if let Some(method) = request.grpc_method() {
        return call::name(method).into();
    }
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
