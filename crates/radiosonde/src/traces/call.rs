//! What the spans of gRPC calls say beside those of other requests, by the semantic conventions for RPC.

use http::Uri;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanRef;
use radiosonde_tower::grpc::GrpcObservation;

use super::attributes::bounded;

/// Returns the name of the span of a call. A method that has no name is not in it.
pub(super) fn name(method: &'static str) -> &'static str {
    match method {
        OTHER => SYSTEM,
        method => method,
    }
}

/// Returns the attribute that makes a span that of a call.
pub(super) fn system() -> KeyValue {
    KeyValue::new("rpc.system.name", SYSTEM)
}

/// Returns what a call says that its method is, where that has no name yet.
pub(super) fn claimed(method: Option<&'static str>, uri: &Uri) -> Option<Box<str>> {
    let path = uri.path();
    let claimed = || bounded(path.strip_prefix('/').unwrap_or(path)).into();
    method.filter(|method| *method == OTHER).map(|_| claimed())
}

/// Writes into a span how its call ended. The name of the method may have been learned from the answer; one without a name
/// is told as it was `claimed` to be.
pub(super) fn write(span: &SpanRef<'_>, call: GrpcObservation, claimed: Option<&str>) {
    span.update_name(name(call.method()));
    span.set_attribute(KeyValue::new("rpc.method", call.method()));
    if call.method() == OTHER
        && let Some(claimed) = claimed
    {
        span.set_attribute(KeyValue::new("rpc.method_original", claimed.to_owned()));
    }
    if let Some(status) = call.status() {
        span.set_attribute(KeyValue::new("rpc.response.status_code", status.as_str()));
    }
}

const SYSTEM: &str = "grpc";

/// What stands for a method without a name.
const OTHER: &str = "_OTHER";
