//! The span around a piece of code, as metrics name it.

use std::panic::catch_unwind;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use radiosonde_metrics::SampledSpan;

/// Returns the span of this thread's context, if it is sampled. Allocates nothing.
pub(crate) fn sampled_span() -> Option<SampledSpan> {
    let has_context = CONTEXT.try_with(|context| context.0).unwrap_or(false);
    has_context
        .then(|| Context::map_current(sampled_span_of))
        .flatten()
}

pub(super) fn sampled_span_of(context: &Context) -> Option<SampledSpan> {
    if !context.has_active_span() {
        return None;
    }
    let span = context.span();
    let span = span.span_context();
    (span.is_sampled() && span.is_valid())
        .then(|| SampledSpan::new(span.trace_id().to_bytes(), span.span_id().to_bytes()))
}

/// Tells whether this thread has a context. One that is ending has lost it, and whoever asks for it then panics; where
/// that happens in a destructor, the process aborts.
struct HasContext(bool);

impl Drop for HasContext {
    // What has a destructor is gone once it has run, before those of what was made earlier.
    fn drop(&mut self) {}
}

thread_local! {
    /// Made after the context, and so gone before it.
    static CONTEXT: HasContext =
        HasContext(catch_unwind(|| Context::map_current(|_| ())).is_ok());
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

    use super::*;

    fn within(flags: TraceFlags) -> Option<SampledSpan> {
        let (trace_id, span_id) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let span = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
        let _attached = Context::new().with_remote_span_context(span).attach();
        sampled_span()
    }

    #[test]
    fn only_a_sampled_span_is_one() {
        assert_eq!(sampled_span(), None);
        let expected = SampledSpan::new([1; 16], [2; 8]);
        assert_eq!(within(TraceFlags::SAMPLED), Some(expected));
        assert_eq!(within(TraceFlags::default()), None);
    }

    #[test]
    fn a_thread_that_has_lost_its_context_has_no_span() {
        struct AsksLate(std::sync::mpsc::Sender<Option<SampledSpan>>);
        impl Drop for AsksLate {
            fn drop(&mut self) {
                self.0.send(sampled_span()).unwrap();
            }
        }
        thread_local! {
            static LATE: std::cell::RefCell<Option<AsksLate>> = const { std::cell::RefCell::new(None) };
        }
        let (send, answer) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // Made first, and so gone last.
            LATE.set(Some(AsksLate(send)));
            assert_eq!(
                within(TraceFlags::SAMPLED),
                Some(SampledSpan::new([1; 16], [2; 8]))
            );
        });
        assert_eq!(answer.recv().unwrap(), None);
        thread.join().unwrap();
    }
}
