//! What the spans of gRPC calls say beside those of other requests, by the semantic conventions for RPC.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanRef;
use radiosonde_tower::grpc::GrpcObservation;

/// Returns the name of the span of a call. A method that has no name is not in it.
pub(super) fn name(method: &'static str) -> &'static str {
    match method {
        "_OTHER" => SYSTEM,
        method => method,
    }
}

/// Writes into a span how its call ended. The name of the method may have been learned from the answer.
pub(super) fn write(span: &SpanRef<'_>, call: GrpcObservation) {
    span.update_name(name(call.method()));
    span.set_attribute(KeyValue::new("rpc.system.name", SYSTEM));
    span.set_attribute(KeyValue::new("rpc.method", call.method()));
    if let Some(status) = call.status() {
        span.set_attribute(KeyValue::new("rpc.response.status_code", status.as_str()));
    }
}

const SYSTEM: &str = "grpc";
