//! The trace context of the W3C: `traceparent` and `tracestate`.

use http::HeaderName;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceFlags};
use radiosonde_tower::SpanIds;

use super::Parent;
use super::carrier::{Incoming, Outgoing};
use super::state::{self, State};

/// Reads the two headers. A `traceparent` that is not exactly what the recommendation says is ignored; so is a
/// `tracestate`, alone.
pub(super) fn parent(carrier: &impl Incoming) -> Option<Parent> {
    let ids = parse(carrier.once(&TRACEPARENT, MAX_LENGTH)?.as_bytes())?;
    let state = carrier.joined(&TRACESTATE, MAX_LENGTH);
    Some(Parent {
        ids,
        undecided: false,
        debug: false,
        state: state.and_then(|state| State::read(&state, ids)),
    })
}

/// Writes the two headers. The state of another trace does not stay with the ids of this one.
pub(super) fn write(context: &Context, span: &SpanContext, carrier: &mut impl Outgoing) {
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    let flags = span.trace_flags() & TraceFlags::SAMPLED;
    carrier.set(&TRACEPARENT, format!("00-{trace_id}-{span_id}-{flags:02x}"));
    match state::spelled(context, span) {
        state if state.is_empty() => carrier.remove(&TRACESTATE),
        state => carrier.set(&TRACESTATE, state),
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
        _ => more.is_empty() || more[0] == b'-',
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

/// The longest `tracestate` that must be passed on, by the recommendation; `traceparent` has 55 characters.
const MAX_LENGTH: usize = 512;
