//! Trace ids that come and go with a request.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Reads the W3C trace context of a request, on top of an empty context.
///
/// A `traceparent` that is not exactly what the recommendation says is ignored, and so is a `tracestate` beyond the
/// length that must be passed on: a client chooses both.
pub(crate) fn extract(headers: &HeaderMap) -> Context {
    let root = Context::new();
    let parent = headers
        .get(&TRACEPARENT)
        .and_then(|value| value.to_str().ok());
    if !parent.is_some_and(is_traceparent) {
        return root;
    }
    TraceContextPropagator::new().extract_with_context(&root, &Bounded(headers))
}

/// Writes the W3C trace context of a request that goes out, in place of one that it has. Without a trace it writes nothing.
pub(crate) fn inject(context: &Context, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(context, &mut Outgoing(headers));
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        let Ok(name) = HeaderName::try_from(key) else {
            return;
        };
        match HeaderValue::try_from(value) {
            Ok(value) if !value.is_empty() => {
                // A map that can hold no more keeps what it has.
                let _ = self.0.try_insert(name, value);
            }
            // The state of another trace must not go with the ids of this one.
            _ => {
                self.0.remove(name);
            }
        }
    }
}

struct Bounded<'a>(&'a HeaderMap);

impl Extractor for Bounded<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.get(key)?;
        let fits = value.len() <= MAX_HEADER;
        value.to_str().ok().filter(|_| fits)
    }

    fn keys(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// Tells whether a text has the shape of a `traceparent`: version, trace id, parent id and flags, in lower-case
/// hexadecimal. A version from the future may have more after that.
fn is_traceparent(text: &str) -> bool {
    let hex = |part: Option<&str>, length| {
        let lower_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        part.is_some_and(|part| part.len() == length && part.as_bytes().iter().all(lower_hex))
    };
    let mut parts = text.splitn(5, '-');
    let version = parts.next();
    let shaped =
        hex(version, 2) && hex(parts.next(), 32) && hex(parts.next(), 16) && hex(parts.next(), 2);
    let has_more = parts.next().is_some();
    shaped
        && version != Some("ff")
        && !(version == Some("00") && has_more)
        && text.len() <= MAX_HEADER
}

/// A name that is parsed once.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The longest `tracestate` that must be passed on, by the W3C recommendation; `traceparent` has 55 characters.
const MAX_HEADER: usize = 512;

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt as _;

    use super::*;

    fn trace_id(traceparent: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", traceparent.parse().unwrap());
        let context = extract(&headers);
        let span = context.span().span_context().clone();
        span.is_valid().then(|| span.trace_id().to_string())
    }

    #[test]
    fn a_trace_goes_on() {
        let id = trace_id("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    }

    #[test]
    fn a_trace_goes_out_as_it_came_in() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut came = HeaderMap::new();
        came.insert("traceparent", parent.parse().unwrap());
        came.insert("tracestate", "a=1".parse().unwrap());
        let mut goes = HeaderMap::new();
        inject(&extract(&came), &mut goes);
        assert_eq!(goes, came);
    }

    #[test]
    fn the_trace_of_another_request_is_replaced_whole() {
        let mut came = HeaderMap::new();
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        came.insert("traceparent", parent.parse().unwrap());
        let mut goes = HeaderMap::new();
        goes.insert("traceparent", "another".parse().unwrap());
        goes.insert("tracestate", "a=1".parse().unwrap());
        inject(&extract(&came), &mut goes);
        assert_eq!(goes, came);
    }

    #[test]
    fn without_a_trace_nothing_is_written() {
        let mut headers = HeaderMap::new();
        inject(&Context::new(), &mut headers);
        assert!(headers.is_empty());
    }

    #[test]
    fn what_is_no_trace_context_is_ignored() {
        let zeros = "00-00000000000000000000000000000000-0000000000000000-01";
        for hostile in ["", "-", "00-1-2-3", zeros, &"-".repeat(400_000)] {
            assert_eq!(
                trace_id(hostile),
                None,
                "{}",
                &hostile[..hostile.len().min(60)]
            );
        }
    }
}
