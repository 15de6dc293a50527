//! Trace ids that come and go with a request.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use radiosonde_tower::SpanIds;

use crate::context::ids_of_request;

/// The trace that a request came from.
#[derive(Debug)]
pub(crate) enum Parent {
    /// It begins one.
    None,
    /// The ids are all that is known of it.
    Ids(SpanIds),
    /// It has more to be passed on than ids.
    Context(Context),
}

impl Parent {
    pub(crate) fn ids(&self) -> Option<SpanIds> {
        match self {
            Self::None => None,
            Self::Ids(ids) => Some(*ids),
            Self::Context(context) => Some(ids_of(context.span().span_context())),
        }
    }

    pub(crate) fn to_context(&self) -> Context {
        match self {
            Self::None => Context::new(),
            Self::Ids(ids) => {
                Context::new().with_remote_span_context(with_state(*ids, TraceState::NONE))
            }
            Self::Context(context) => context.clone(),
        }
    }
}

/// Spells ids and a state that came from elsewhere as OpenTelemetry does.
pub(crate) fn with_state(ids: SpanIds, state: TraceState) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(ids.trace_id()),
        SpanId::from_bytes(ids.span_id()),
        TraceFlags::default().with_sampled(ids.is_sampled()),
        true,
        state,
    )
}

pub(crate) fn ids_of(span: &SpanContext) -> SpanIds {
    let (trace_id, span_id) = (span.trace_id().to_bytes(), span.span_id().to_bytes());
    SpanIds::new(trace_id, span_id, span.is_sampled())
}

/// Reads the W3C trace context of a request.
///
/// A `traceparent` that is not exactly what the recommendation says is ignored, and so is a `tracestate` beyond the
/// length that must be passed on: a client chooses both.
pub(crate) fn extract(headers: &HeaderMap) -> Parent {
    let parent = headers.get(&TRACEPARENT).map(HeaderValue::as_bytes);
    let Some(ids) = parent.and_then(parse) else {
        return Parent::None;
    };
    if !headers.contains_key(&TRACESTATE) {
        return Parent::Ids(ids);
    }
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Bounded(headers));
    if context.span().span_context().is_valid() {
        Parent::Context(context)
    } else {
        Parent::Ids(ids)
    }
}

/// The propagator of the process: it sends the ids of the current request along where its code has no span around it.
#[derive(Debug)]
pub(crate) struct WithinRequests(pub(crate) TraceContextPropagator);

impl TextMapPropagator for WithinRequests {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        if !context.has_active_span()
            && let Some(ids) = ids_of_request()
        {
            let context = context.with_remote_span_context(ids);
            return self.0.inject_context(&context, injector);
        }
        self.0.inject_context(context, injector);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        self.0.extract_with_context(context, extractor)
    }

    fn fields(&self) -> FieldIter<'_> {
        self.0.fields()
    }
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

/// Reads a `traceparent`: version, trace id, parent id and flags, in lower-case hexadecimal. A version from the future may
/// have more after that. Ids of zeros are none.
fn parse(header: &[u8]) -> Option<SpanIds> {
    let (known, more) = header.split_at_checked(TRACEPARENT_LENGTH)?;
    let is_shaped = [known[2], known[35], known[52]] == [b'-'; 3];
    let mut version = [0];
    let mut trace_id = [0; 16];
    let mut span_id = [0; 8];
    let mut flags = [0];
    let is_hex = decode(&known[..2], &mut version)
        && decode(&known[3..35], &mut trace_id)
        && decode(&known[36..52], &mut span_id)
        && decode(&known[53..], &mut flags);
    let is_whole = match version {
        [0] => more.is_empty(),
        [0xff] => false,
        _ => more.is_empty() || (more[0] == b'-' && header.len() <= MAX_HEADER),
    };
    let is_valid = trace_id != [0; 16] && span_id != [0; 8];
    (is_shaped && is_hex && is_whole && is_valid)
        .then(|| SpanIds::new(trace_id, span_id, flags[0] & 1 == 1))
}

/// Reads lower-case hexadecimal, twice as long as `bytes`, and tells whether it is that.
fn decode(text: &[u8], bytes: &mut [u8]) -> bool {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => NO_DIGIT,
    };
    let mut is_hex = true;
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (digit(pair[0]), digit(pair[1]));
        is_hex &= (high | low) < NO_DIGIT;
        *byte = high << 4 | low & 0xf;
    }
    is_hex
}

/// Names that are parsed once.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// What the first version is long, and what every later one starts with.
const TRACEPARENT_LENGTH: usize = 55;

/// More than any digit, also joined with one.
const NO_DIGIT: u8 = 0x80;

/// The longest `tracestate` that must be passed on, by the W3C recommendation; `traceparent` has 55 characters.
const MAX_HEADER: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn trace_id(traceparent: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", traceparent.parse().unwrap());
        let context = extract(&headers).to_context();
        let span = context.span().span_context().clone();
        span.is_valid().then(|| span.trace_id().to_string())
    }

    #[test]
    fn a_trace_goes_on() {
        let id = trace_id("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    }

    #[test]
    fn a_version_from_the_future_may_say_more() {
        let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for future in [
            format!("01-{ids}"),
            format!("cc-{ids}-what-the-future-brings"),
        ] {
            assert_eq!(trace_id(&future).as_deref(), Some(&ids[..32]));
        }
    }

    #[test]
    fn a_trace_goes_out_as_it_came_in() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut came = HeaderMap::new();
        came.insert("traceparent", parent.parse().unwrap());
        came.insert("tracestate", "a=1".parse().unwrap());
        let mut goes = HeaderMap::new();
        inject(&extract(&came).to_context(), &mut goes);
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
        inject(&extract(&came).to_context(), &mut goes);
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
        let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let [longer, never] = [format!("00-{ids}-more"), format!("ff-{ids}")];
        let [upper, glued] = [
            format!("00-{}", ids.to_uppercase()),
            format!("01-{ids}more"),
        ];
        let dashes = "-".repeat(400_000);
        for hostile in [
            "", "-", "00-1-2-3", zeros, &longer, &never, &upper, &glued, &dashes,
        ] {
            assert_eq!(
                trace_id(hostile),
                None,
                "{}",
                &hostile[..hostile.len().min(60)]
            );
        }
    }
}
