//! What the current thread works for.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};

/// Returns the ids of the current span, whether it is recorded or not.
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
    span.filter(SpanContext::is_valid)
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
