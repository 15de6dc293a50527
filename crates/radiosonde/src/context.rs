//! What the current thread works for.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use radiosonde_tower::{SpanIds, with_current_request};

/// Returns the ids of the current span, whether it is recorded or not.
///
/// A request without a recorded span has ids all the same, and no context of OpenTelemetry around its code.
///
/// Never panics, also where the context of the thread is gone or in use: it runs in the panic hook.
pub(crate) fn current_span() -> Option<SpanContext> {
    if READING.replace(true) {
        // A panic of the reading below has called the hook, which asks again.
        return None;
    }
    let read = || {
        BEFORE_CONTEXT.try_with(|_| ()).ok()?;
        Some(Context::map_current(|context| {
            context.span().span_context().clone()
        }))
    };
    let span = catch_unwind(AssertUnwindSafe(read)).ok().flatten();
    READING.set(false);
    span.filter(SpanContext::is_valid).or_else(ids_of_request)
}

/// Returns the ids that the current request goes by.
pub(crate) fn ids_of_request() -> Option<SpanContext> {
    let ids = with_current_request(|request| request.span()).flatten()?;
    Some(span_context(ids, false, TraceState::NONE))
}

/// Spells ids as OpenTelemetry does.
pub(crate) fn span_context(ids: SpanIds, is_remote: bool, state: TraceState) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(ids.trace_id()),
        SpanId::from_bytes(ids.span_id()),
        TraceFlags::default().with_sampled(ids.is_sampled()),
        is_remote,
        state,
    )
}

/// Is gone before the context of its thread is: destructors of a thread run in the reverse order of first use.
struct BeforeContext;

impl BeforeContext {
    fn new() -> Self {
        Context::map_current(|_| ());
        Self
    }
}

impl Drop for BeforeContext {
    fn drop(&mut self) {
        // A value without a destructor would never be gone.
    }
}

thread_local! {
    static BEFORE_CONTEXT: BeforeContext = BeforeContext::new();
    /// Has no destructor, so it can always be read.
    static READING: Cell<bool> = const { Cell::new(false) };
}
