//! B3, the headers of Zipkin: one, or several.

use http::HeaderName;
use opentelemetry::trace::SpanContext;

use super::carrier::{Incoming, Outgoing};
use super::{Parent, hex};

/// Reads `b3`: trace id, span id and, maybe, what was decided and the parent of the span.
///
/// A decision without ids is ignored: there is no trace that it could be about.
pub(super) fn single(carrier: &impl Incoming) -> Option<Parent> {
    let mut parts = carrier.once(&B3, MAX_LENGTH)?.split('-');
    let (trace_id, span_id) = (parts.next()?, parts.next()?);
    let sampled = match parts.next() {
        None => None,
        Some("1" | "d") => Some(true),
        Some("0") => Some(false),
        Some(_) => return None,
    };
    made(trace_id, span_id, sampled)
}

/// Reads `x-b3-traceid` and its siblings.
pub(super) fn multiple(carrier: &impl Incoming) -> Option<Parent> {
    let trace_id = carrier.once(&TRACE_ID, MAX_LENGTH)?;
    let span_id = carrier.once(&SPAN_ID, MAX_LENGTH)?;
    let sampled = match carrier.once(&FLAGS, MAX_LENGTH) {
        Some("1") => Some(true),
        _ => match carrier.once(&SAMPLED, MAX_LENGTH) {
            Some("1" | "true") => Some(true),
            Some("0" | "false") => Some(false),
            _ => None,
        },
    };
    made(trace_id, span_id, sampled)
}

pub(super) fn write_single(span: &SpanContext, carrier: &mut impl Outgoing) {
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    carrier.set(&B3, format!("{trace_id}-{span_id}-{}", decision(span)));
}

pub(super) fn write_multiple(span: &SpanContext, carrier: &mut impl Outgoing) {
    carrier.set(&TRACE_ID, span.trace_id().to_string());
    carrier.set(&SPAN_ID, span.span_id().to_string());
    carrier.set(&SAMPLED, decision(span).to_owned());
    carrier.remove(&FLAGS);
    carrier.remove(&PARENT_SPAN_ID);
}

/// Ids of traces have 32 digits, or 16.
fn made(trace_id: &str, span_id: &str, sampled: Option<bool>) -> Option<Parent> {
    if !matches!((trace_id.len(), span_id.len()), (16 | 32, 16)) {
        return None;
    }
    let (trace_id, span_id) = (hex::number(trace_id)?, hex::short(span_id)?);
    Parent::new(trace_id, span_id, sampled)
}

fn decision(span: &SpanContext) -> &'static str {
    if span.is_sampled() { "1" } else { "0" }
}

static B3: HeaderName = HeaderName::from_static("b3");
static TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
static SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
static PARENT_SPAN_ID: HeaderName = HeaderName::from_static("x-b3-parentspanid");
static SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
static FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// The single header with all its parts has 68 characters.
const MAX_LENGTH: usize = 80;
