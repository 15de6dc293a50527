//! That somebody wants a trace in any case, whatever is sampled: *debug* in B3 and in Jaeger's header.
//!
//! Such a trace is sampled, and those who come after us are told why. Our own samplers know it as any that was sampled elsewhere: one
//! that does not follow its parent may leave it out, and then nothing is said of it.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceId};

/// The trace that is wanted.
#[derive(Debug)]
struct Wanted(TraceId);

/// Returns a context that says so of the trace of its span.
pub(super) fn within(context: &Context) -> Context {
    let trace_id = context.span().span_context().trace_id();
    context.with_value(Wanted(trace_id))
}

/// Tells whether the trace of a span is one of these, and is sampled.
pub(super) fn is_wanted(context: &Context, span: &SpanContext) -> bool {
    let wanted = context.get::<Wanted>();
    span.is_sampled() && wanted.is_some_and(|Wanted(trace_id)| *trace_id == span.trace_id())
}
