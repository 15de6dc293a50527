//! The span of a request, by the semantic conventions for HTTP servers.

use std::cell::RefCell;

use http::{HeaderValue, Method, Version, header};
use opentelemetry::trace::{
    Link, SpanKind, Status, TraceContextExt, TraceId, TraceState, Tracer as _,
};
use opentelemetry::{Array, Context, ContextGuard, KeyValue, Value};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SdkTracer};
use radiosonde_tower::{Arrival, CurrentRequest, Entered, Observation, Observer, Scope, SpanIds};

use super::call;
use super::propagation::{CameWith, Propagation, ids_of, with_state};
use super::query;
use super::sampling::{Asked, Decision, Sampling, decided};
use crate::config::SpanOptions;

/// Gives each request its ids, and a span if it is sampled.
#[derive(Debug)]
pub(crate) struct ServerSpans {
    tracer: SdkTracer,
    propagation: Propagation,
    /// Decides which requests have a span. `None` where spans go nowhere: then nothing is written into any.
    sampling: Option<Sampling>,
    options: SpanOptions,
}

/// The context that the code of a request runs in, with the span of the request if it has one.
#[derive(Debug)]
struct ServerSpan(Context);

impl ServerSpans {
    pub(crate) fn new(
        tracer: SdkTracer,
        propagation: Propagation,
        sampling: Option<Sampling>,
        options: SpanOptions,
    ) -> Self {
        Self {
            tracer,
            propagation,
            sampling,
            options,
        }
    }

    /// Opens a span below what the request came with; `None` when the traces have ended.
    fn open(
        &self,
        request: &Arrival<'_>,
        came_with: &CameWith,
        trace_id: TraceId,
        decision: Decision,
    ) -> Option<Context> {
        let parent = &came_with.to_context();
        let mut span = self
            .tracer
            .span_builder(name(request))
            .with_attributes(attributes(request, &self.options))
            .with_kind(SpanKind::Server);
        if self.options.public_edge {
            // What a stranger says of a trace is worth a link, and no more.
            let elsewhere = self.propagation.extract(request.headers()).ids();
            let link = elsewhere.map(|ids| Link::with_context(with_state(ids, TraceState::NONE)));
            span = span.with_links(link.into_iter().collect());
        }
        let build = || self.tracer.build_with_context(span, parent);
        let span = decided(trace_id, decision, build);
        let context = parent.with_span(span);
        let is_valid = context.span().span_context().is_valid();
        is_valid.then_some(context)
    }

    /// Decides on a request; `None` where spans go nowhere.
    fn decide(
        &self,
        request: &Arrival<'_>,
        came_with: &CameWith,
        trace_id: TraceId,
    ) -> Option<Decision> {
        let asked = Asked {
            method: request.method_label(),
            route: request.route(),
            trace_id,
            origin: came_with.origin(),
        };
        Some(self.sampling.as_ref()?.decide(&asked))
    }

    /// Leaves a request without a span of its own, and returns the scope that it needs all the same.
    fn pass_on(
        came_with: CameWith,
        ids: SpanIds,
        current: &mut CurrentRequest,
    ) -> Option<ServerSpan> {
        current.set_span(ids);
        if let Some(context) = came_with.pass_on(ids) {
            return Some(ServerSpan(context));
        }
        // A span around the code that calls this service in the same process is not one around the request.
        let has_outer = Context::map_current(TraceContextExt::has_active_span);
        has_outer.then(|| {
            let span = with_state(ids, TraceState::NONE);
            ServerSpan(Context::new().with_remote_span_context(span))
        })
    }
}

impl Observer for ServerSpans {
    fn arrive(
        &self,
        request: &Arrival<'_>,
        current: &mut CurrentRequest,
    ) -> Option<Box<dyn Scope>> {
        let came_with = if self.options.public_edge {
            CameWith::default()
        } else {
            self.propagation.extract(request.headers())
        };
        let generator = RandomIdGenerator::default();
        let trace_id = came_with.ids().map_or_else(
            || generator.new_trace_id(),
            |ids| TraceId::from_bytes(ids.trace_id()),
        );
        if let Some(name) = &self.options.trace_id_header
            && let Ok(value) = HeaderValue::try_from(trace_id.to_string())
        {
            current.add_response_header(name.clone(), value);
        }
        // Before a word of the span is written: most requests of a busy service are not sampled.
        let decision = self.decide(request, &came_with, trace_id);
        if let Some(decision @ (Decision::Record | Decision::Watch)) = decision
            && let Some(context) = self.open(request, &came_with, trace_id, decision)
        {
            current.set_span(ids_of(context.span().span_context()));
            return Some(Box::new(ServerSpan(context)));
        }
        let is_sampled = match decision {
            Some(decision) => decision == Decision::Record,
            // A trace that is recorded elsewhere passes through as it came: its flag is for those who come after us, too.
            None => came_with.ids().is_some_and(|ids| ids.is_sampled()),
        };
        let span_id = came_with
            .ids()
            .map_or_else(|| generator.new_span_id().to_bytes(), |ids| ids.span_id());
        let ids = SpanIds::new(trace_id.to_bytes(), span_id, is_sampled);
        let scope = Self::pass_on(came_with, ids, current)?;
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

fn attributes(request: &Arrival<'_>, options: &SpanOptions) -> Vec<KeyValue> {
    let mut attributes = of_method(request.method_label(), request.method());
    attributes.push(KeyValue::new("url.path", bounded(request.uri().path())));
    // The query is left out unless it is asked for: it may hold secrets.
    if options.query
        && let Some(query) = request.uri().query()
    {
        attributes.push(KeyValue::new("url.query", query::redacted(query)));
    }
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
    if let Some((address, port)) = authority(request) {
        attributes.push(KeyValue::new("server.address", bounded(address)));
        attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
    }
    attributes.extend(options.headers.iter().filter_map(|captured| {
        let values = request.headers().get_all(&captured.name).iter();
        // A value that its sender marked as secret stays one.
        let values = values.filter(|value| !value.is_sensitive());
        let values = values.filter_map(|value| value.to_str().ok());
        let values: Vec<_> = values.map(|value| bounded(value).into()).collect();
        (!values.is_empty()).then(|| {
            let values = Value::Array(Array::String(values));
            KeyValue::new(captured.attribute.clone(), values)
        })
    }));
    attributes
}

/// Returns the host that the client meant, and the port if it named one.
fn authority<'a>(request: &Arrival<'a>) -> Option<(&'a str, Option<u16>)> {
    if let Some(authority) = request.uri().authority() {
        return Some((authority.host(), authority.port_u16()));
    }
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let (name, port) = match host.rsplit_once(':') {
        // An address of version 6 has colons of its own, and stands in brackets.
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    (!name.is_empty()).then_some((name, port))
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
