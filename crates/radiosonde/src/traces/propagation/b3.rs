//! B3, the headers of Zipkin: one, or several.

use http::HeaderName;
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;

use super::carrier::{Incoming, Outgoing};
use super::{Parent, debug, hex};

/// Reads `b3`: trace id, span id and, maybe, what was decided and the parent of the span.
///
/// A decision without ids is ignored: there is no trace that it could be about.
pub(super) fn single(carrier: &impl Incoming) -> Option<Parent> {
    let mut parts = carrier.once(&B3, MAX_LENGTH)?.split('-');
    let (trace_id, span_id) = (parts.next()?, parts.next()?);
    let decision = match parts.next() {
        None => Decision::None,
        Some("d") => Decision::Debug,
        Some("1") => Decision::Sampled(true),
        Some("0") => Decision::Sampled(false),
        Some(_) => return None,
    };
    made(trace_id, span_id, decision)
}

/// Reads `x-b3-traceid` and its siblings.
pub(super) fn multiple(carrier: &impl Incoming) -> Option<Parent> {
    let trace_id = carrier.once(&TRACE_ID, MAX_LENGTH)?;
    let span_id = carrier.once(&SPAN_ID, MAX_LENGTH)?;
    let decision = match carrier.once(&FLAGS, MAX_LENGTH) {
        Some("1") => Decision::Debug,
        _ => match carrier.once(&SAMPLED, MAX_LENGTH) {
            Some("1" | "true") => Decision::Sampled(true),
            Some("0" | "false") => Decision::Sampled(false),
            _ => Decision::None,
        },
    };
    made(trace_id, span_id, decision)
}

pub(super) fn write_single(context: &Context, span: &SpanContext, carrier: &mut impl Outgoing) {
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    let decision = if debug::is_wanted(context, span) {
        "d"
    } else {
        sampled(span)
    };
    carrier.set(&B3, format!("{trace_id}-{span_id}-{decision}"));
}

pub(super) fn write_multiple(context: &Context, span: &SpanContext, carrier: &mut impl Outgoing) {
    carrier.set(&TRACE_ID, span.trace_id().to_string());
    carrier.set(&SPAN_ID, span.span_id().to_string());
    // Who wants it in any case has decided, and says nothing else of it.
    if debug::is_wanted(context, span) {
        carrier.set(&FLAGS, "1".to_owned());
        carrier.remove(&SAMPLED);
    } else {
        carrier.set(&SAMPLED, sampled(span).to_owned());
        carrier.remove(&FLAGS);
    }
    carrier.remove(&PARENT_SPAN_ID);
}

/// What was decided of a trace.
#[derive(Debug, Clone, Copy)]
enum Decision {
    None,
    Sampled(bool),
    Debug,
}

/// Ids of traces have 32 digits, or 16.
fn made(trace_id: &str, span_id: &str, decision: Decision) -> Option<Parent> {
    if !matches!((trace_id.len(), span_id.len()), (16 | 32, 16)) {
        return None;
    }
    let (trace_id, span_id) = (hex::number(trace_id)?, hex::short(span_id)?);
    let (sampled, debug) = match decision {
        Decision::None => (None, false),
        Decision::Sampled(sampled) => (Some(sampled), false),
        Decision::Debug => (Some(true), true),
    };
    Some(Parent::new(trace_id, span_id, sampled)?.debug(debug))
}

fn sampled(span: &SpanContext) -> &'static str {
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
