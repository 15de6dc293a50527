//! The span of a request, by the semantic conventions for HTTP servers.

use std::cell::RefCell;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::{
    Link, SpanKind, Status, TraceContextExt, TraceId, TraceState, Tracer as _,
};
use opentelemetry::{Context, ContextGuard, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SdkTracer};
use radiosonde_tower::{Arrival, CurrentRequest, Entered, Observation, Observer, Scope, SpanIds};

use super::attributes::captured;
use super::call;
use super::propagation::{CameWith, Propagation, ids_of, with_state};
use super::request;
use super::sampling::{Asked, Decision, Sampling, decided};
use crate::config::{CapturedHeader, SpanOptions};

/// Gives each request its ids, and a span if it is sampled.
#[derive(Debug)]
pub(crate) struct ServerSpans {
    tracer: SdkTracer,
    propagation: Propagation,
    /// Decides which requests have a span. `None` where spans go nowhere: then nothing is written into any.
    sampling: Option<Sampling>,
    options: SpanOptions,
}

/// The span of a request, in the context that its code runs in.
#[derive(Debug)]
struct ServerSpan {
    context: Context,
    /// What of the response is to be recorded.
    response_headers: Arc<[CapturedHeader]>,
    /// What a call of gRPC says that its method is, while that has no name.
    claimed: Option<Box<str>>,
}

/// The context that the code of a request runs in which has ids and no span.
#[derive(Debug)]
struct PassedOn(Context);

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
        (arrival, route): (&Arrival<'_>, &'static str),
        came_with: &CameWith,
        trace_id: TraceId,
        decision: Decision,
    ) -> Option<Context> {
        let parent = &came_with.to_context();
        let mut span = self
            .tracer
            .span_builder(request::name(arrival))
            .with_attributes(request::attributes(arrival, route, &self.options))
            .with_kind(SpanKind::Server);
        if self.options.public_edge {
            // What a stranger says of a trace is worth a link, and no more.
            let elsewhere = self.propagation.extract(arrival.headers()).ids();
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
    ) -> Option<PassedOn> {
        current.set_span(ids);
        if let Some(context) = came_with.pass_on(ids) {
            return Some(PassedOn(context));
        }
        // A span around the code that calls this service in the same process is not one around the request.
        let has_outer = Context::map_current(TraceContextExt::has_active_span);
        has_outer.then(|| {
            let span = with_state(ids, TraceState::NONE);
            PassedOn(Context::new().with_remote_span_context(span))
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
            && let Some(context) =
                self.open((request, current.route()), &came_with, trace_id, decision)
        {
            current.set_span(ids_of(context.span().span_context()));
            return Some(Box::new(ServerSpan {
                context,
                response_headers: self.options.response_headers.clone(),
                claimed: call::claimed(request.grpc_method(), request.uri()),
            }));
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
        enter(&self.context)
    }

    fn head(&self, headers: &HeaderMap) {
        if !self.response_headers.is_empty() {
            let attributes = captured(&self.response_headers, headers);
            self.context.span().set_attributes(attributes);
        }
    }

    fn close(self: Box<Self>, observation: &Observation<'_>) {
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        if let Some(call) = observation.grpc() {
            call::write(&span, call, self.claimed.as_deref());
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

impl Scope for PassedOn {
    fn enter(&self) -> Entered {
        enter(&self.0)
    }

    fn close(self: Box<Self>, _: &Observation<'_>) {}
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

thread_local! {
    /// The contexts that this thread has entered, innermost last. Guards cannot leave their thread, and scopes do.
    static ATTACHED: RefCell<Vec<ContextGuard>> = const { RefCell::new(Vec::new()) };
}
