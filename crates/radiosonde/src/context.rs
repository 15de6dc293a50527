//! What the current thread works for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};

/// Returns the ids of the current span, whether it is recorded or not.
pub(crate) fn current_span() -> Option<SpanContext> {
    let read = || Context::map_current(|context| context.span().span_context().clone());
    // The context is gone on a thread that is ending, and reading it panics.
    let span = catch_unwind(AssertUnwindSafe(read)).ok()?;
    span.is_valid().then_some(span)
}
