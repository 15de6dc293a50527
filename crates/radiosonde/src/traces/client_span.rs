//! The span of a request that goes out, by the semantic conventions for HTTP clients.

use std::sync::Arc;

use http::HeaderMap;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use radiosonde_tower::Entered;
use radiosonde_tower::client::{ClientObservation, ClientObserver, ClientScope, Departure};

use super::attributes::{bounded, method_name, of_method, version};
use super::call;
use super::propagation::Propagation;
use super::query;
use super::server_span::enter;
use crate::context::ids_of_request;

/// Gives each request that goes out a span, and sends its trace along.
#[derive(Debug)]
pub(crate) struct ClientSpans {
    tracer: SdkTracer,
    propagation: Arc<Propagation>,
    /// Whether spans go anywhere.
    exported: bool,
}

/// The span of a request, in the context that the client's code runs in.
#[derive(Debug)]
struct ClientSpan {
    context: Context,
    propagation: Arc<Propagation>,
    /// What a call of gRPC says that its method is, while that has no name.
    claimed: Option<Box<str>>,
}

/// A request without a span of its own: what is current where it is made goes along.
#[derive(Debug)]
struct PassedOn(Context, Arc<Propagation>);

impl ClientSpans {
    pub(crate) fn new(tracer: SdkTracer, propagation: Propagation, exported: bool) -> Self {
        Self {
            tracer,
            propagation: Arc::new(propagation),
            exported,
        }
    }

    /// Opens a span below `parent`, in a context of its own; `None` when the traces have ended.
    fn open(&self, request: &Departure<'_>, parent: &Context) -> Option<Context> {
        let builder = self.tracer.span_builder("").with_kind(SpanKind::Client);
        let mut span = self.tracer.build_with_context(builder, parent);
        if !span.span_context().is_valid() {
            return None;
        }
        // Not before the sampler was asked: most requests of a busy service are not sampled, and say nothing.
        if span.is_recording() {
            let method = || method_name(request.method_label());
            span.update_name(request.grpc_method().map_or_else(method, call::name));
            span.set_attributes(attributes(request));
        }
        Some(parent.with_span(span))
    }
}

impl ClientObserver for ClientSpans {
    fn depart(&self, request: &Departure<'_>) -> Option<Box<dyn ClientScope>> {
        let parent = parent();
        if self.exported
            && !is_left_out(&parent)
            && let Some(context) = self.open(request, &parent)
        {
            return Some(Box::new(ClientSpan {
                context,
                propagation: self.propagation.clone(),
                claimed: call::claimed(request.grpc_method(), request.uri()),
            }));
        }
        let goes_on = parent.span().span_context().is_valid();
        goes_on
            .then(|| Box::new(PassedOn(parent, self.propagation.clone())) as Box<dyn ClientScope>)
    }
}

impl ClientScope for ClientSpan {
    fn inject(&self, headers: &mut HeaderMap) {
        self.propagation.inject(&self.context, headers);
    }

    fn enter(&self) -> Entered {
        enter(&self.context)
    }

    #[cfg(feature = "otlp")]
    fn sampled_span(&self) -> Option<radiosonde_metrics::SampledSpan> {
        super::current::sampled_span_of(&self.context)
    }

    fn close(self: Box<Self>, observation: &ClientObservation<'_>) {
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        if let Some(call) = observation.grpc() {
            call::write(&span, call, self.claimed.as_deref());
        }
        if let Some(status) = observation.status() {
            let status = i64::from(status);
            span.set_attribute(KeyValue::new("http.response.status_code", status));
        }
        if let Some(version) = observation.version().and_then(version) {
            span.set_attribute(KeyValue::new("network.protocol.version", version));
        }
        if let Some(error) = observation.error_type() {
            span.set_attribute(KeyValue::new("error.type", error.to_string()));
            span.set_status(Status::error(""));
        }
        let outcome = observation.outcome().as_str();
        span.set_attribute(KeyValue::new("radiosonde.outcome", outcome));
        span.end();
    }
}

impl ClientScope for PassedOn {
    fn inject(&self, headers: &mut HeaderMap) {
        self.1.inject(&self.0, headers);
    }

    fn enter(&self) -> Entered {
        // The caller is in that context already.
        Entered::new(|| ())
    }

    fn close(self: Box<Self>, _: &ClientObservation<'_>) {}
}

/// Returns what is current where a request is made: a span, or the request that it is made for.
fn parent() -> Context {
    let context = Context::current();
    if context.span().span_context().is_valid() {
        return context;
    }
    match ids_of_request() {
        Some(ids) => context.with_remote_span_context(ids),
        None => context,
    }
}

/// Tells whether the trace was begun or continued by this service and is not sampled: then no sampler need be asked again.
fn is_left_out(parent: &Context) -> bool {
    let span = parent.span();
    // What is recorded may be kept in the end.
    let recorded = span.is_recording();
    let span = span.span_context();
    span.is_valid() && !span.is_sampled() && !span.is_remote() && !recorded
}

fn attributes(request: &Departure<'_>) -> Vec<KeyValue> {
    let mut attributes = of_method(request.method_label(), request.method());
    if request.grpc_method().is_some() {
        attributes.push(call::system());
    }
    let Some(host) = request.host() else {
        return attributes;
    };
    attributes.push(KeyValue::new("server.address", bounded(host)));
    if let Some(port) = request.port() {
        attributes.push(KeyValue::new("server.port", i64::from(port)));
    }
    let url = request.url();
    if !url.is_empty() {
        attributes.push(KeyValue::new("url.full", query::redacted_in(&url)));
    }
    attributes
}

#[cfg(test)]
mod tests;
