//! What the spans of servers and of clients say alike, by the semantic conventions for HTTP.

use http::{HeaderMap, Method, Version};
use opentelemetry::{Array, KeyValue, Value};

use crate::config::CapturedHeader;

/// Returns a method as names of spans have it: the conventions call an unknown one `HTTP` here, and `_OTHER` only in
/// attributes.
pub(super) fn method_name(method_label: &'static str) -> &'static str {
    match method_label {
        "_OTHER" => "HTTP",
        method => method,
    }
}

/// Returns the attributes of a method, with room for those that servers and clients have beside them.
pub(super) fn of_method(label: &'static str, method: &Method) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(16);
    attributes.push(KeyValue::new("http.request.method", label));
    if label == "_OTHER" {
        attributes.push(KeyValue::new(
            "http.request.method_original",
            bounded(method.as_str()),
        ));
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

/// Returns the attributes of those headers that are to be recorded and are there.
pub(super) fn captured(
    wanted: &[CapturedHeader],
    headers: &HeaderMap,
) -> impl Iterator<Item = KeyValue> {
    wanted.iter().filter_map(|captured| {
        let values = headers.get_all(&captured.name).iter();
        // A value that its sender marked as secret stays one.
        let values = values.filter(|value| !value.is_sensitive());
        let values = values.filter_map(|value| value.to_str().ok());
        let values: Vec<_> = values.map(|value| bounded(value).into()).collect();
        (!values.is_empty()).then(|| {
            let values = Value::Array(Array::String(values));
            KeyValue::new(captured.attribute.clone(), values)
        })
    })
}

/// Cuts what somebody else chose to a length that a full queue of spans can hold.
pub(super) fn bounded(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_VALUE)].to_owned()
}

const MAX_VALUE: usize = 1_024;
