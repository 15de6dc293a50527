//! The header of Jaeger's clients: `uber-trace-id`.

use std::borrow::Cow;

use http::HeaderName;
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;

use super::carrier::{Incoming, Outgoing};
use super::{Parent, debug, hex};

/// Reads trace id, span id, the parent of the span, which nobody needs, and flags. Zeros before an id may be left out.
pub(super) fn parent(carrier: &impl Incoming) -> Option<Parent> {
    let text = carrier.once(&UBER_TRACE_ID, MAX_LENGTH)?;
    let text = if text.contains('%') {
        Cow::Owned(text.replace("%3A", ":").replace("%3a", ":"))
    } else {
        Cow::Borrowed(text)
    };
    let mut parts = text.split(':');
    let (trace_id, span_id) = (hex::number(parts.next()?)?, hex::short(parts.next()?)?);
    let (_parent, flags) = (parts.next()?, hex::short(parts.next()?)?);
    if parts.next().is_some() {
        return None;
    }
    let sampled = flags & (SAMPLED | DEBUG) != 0;
    let parent = Parent::new(trace_id, span_id, Some(sampled))?;
    Some(parent.debug(flags & DEBUG != 0))
}

pub(super) fn write(context: &Context, span: &SpanContext, carrier: &mut impl Outgoing) {
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    let flags = if debug::is_wanted(context, span) {
        SAMPLED | DEBUG
    } else {
        u64::from(span.is_sampled()) * SAMPLED
    };
    carrier.set(&UBER_TRACE_ID, format!("{trace_id}:{span_id}:0:{flags:x}"));
}

static UBER_TRACE_ID: HeaderName = HeaderName::from_static("uber-trace-id");

const SAMPLED: u64 = 1;
const DEBUG: u64 = 2;

/// With all digits and with colons that are escaped it has 77 characters.
const MAX_LENGTH: usize = 96;
