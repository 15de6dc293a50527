//! How the tracer of the SDK learns what was decided.
//!
//! It asks its sampler when it builds a span, and makes the ids itself. A request is decided on earlier, by its ids; when
//! it is recorded after all, the tracer finds that decision and those ids here.

use std::cell::Cell;

use opentelemetry::trace::{Link, SpanId, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, SamplingDecision, SamplingResult, ShouldSample,
};
use radiosonde_tower::with_current_request;

use super::{Asked, Decision, Origin, Sampling};

/// Builds a span of a trace that was decided on.
pub(in crate::traces) fn decided<T>(
    trace_id: TraceId,
    decision: Decision,
    build: impl FnOnce() -> T,
) -> T {
    let _forgotten = Decided::of(trace_id, decision);
    build()
}

/// A decision that the tracer finds until this is dropped, also by a panic.
struct Decided;

impl Decided {
    fn of(trace_id: TraceId, decision: Decision) -> Self {
        DECIDED.set(Some((trace_id, decision)));
        Self
    }
}

impl Drop for Decided {
    fn drop(&mut self) {
        DECIDED.set(None);
    }
}

/// The sampler of the tracer.
#[derive(Debug, Clone)]
pub(in crate::traces) struct Decisions(pub(in crate::traces) Sampling);

impl Decisions {
    fn decide(&self, parent: &Context, trace_id: TraceId, name: &str) -> Decision {
        if let Some((_, decision)) = DECIDED.get() {
            return decision;
        }
        let span = parent.span();
        let context = span.span_context();
        if context.is_valid() && !context.is_remote() {
            // What is below a span goes with it.
            return match (context.is_sampled(), span.is_recording()) {
                (true, _) => Decision::Record,
                (false, true) => Decision::Watch,
                (false, false) => Decision::Drop,
            };
        }
        if !context.is_valid() && is_within_ids_alone() {
            return Decision::Drop;
        }
        self.0.decide(&Asked {
            method: "",
            route: name,
            trace_id,
            origin: if context.is_valid() {
                Origin::Decided(context.is_sampled())
            } else {
                Origin::Here
            },
        })
    }
}

impl ShouldSample for Decisions {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let none = Context::new();
        let parent = parent.unwrap_or(&none);
        let decision = match self.decide(parent, trace_id, name) {
            Decision::Record => SamplingDecision::RecordAndSample,
            Decision::Watch => SamplingDecision::RecordOnly,
            Decision::Drop => SamplingDecision::Drop,
        };
        let state = parent.has_active_span();
        let state = state.then(|| parent.span().span_context().trace_state().clone());
        SamplingResult {
            decision,
            attributes: Vec::new(),
            trace_state: state.unwrap_or(TraceState::NONE),
        }
    }
}

/// Tells whether this thread works for a request that has ids and no span, so that what happens in it is not recorded.
///
/// Where a span is around the code, that decides; this is for code without one.
pub(in crate::traces) fn is_within_ids_alone() -> bool {
    with_current_request(|request| request.span().is_some()).unwrap_or(false)
}

/// The ids of the tracer.
#[derive(Debug, Default)]
pub(in crate::traces) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        let decided = DECIDED.get().map(|(trace_id, _)| trace_id);
        decided.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

thread_local! {
    /// The trace whose span is being built, and what was decided of it.
    static DECIDED: Cell<Option<(TraceId, Decision)>> = const { Cell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: TraceId = TraceId::from_bytes([0xff; 16]);

    #[test]
    fn the_tracer_is_told_what_was_decided_and_of_which_trace() {
        let never = Decisions(Sampling::never());
        let ask = || {
            never
                .should_sample(None, TRACE, "", &SpanKind::Server, &[], &[])
                .decision
        };
        assert_eq!(ask(), SamplingDecision::Drop);
        decided(TRACE, Decision::Record, || {
            assert_eq!(ask(), SamplingDecision::RecordAndSample);
            assert_eq!(Ids::default().new_trace_id(), TRACE);
        });
        decided(TRACE, Decision::Watch, || {
            assert_eq!(ask(), SamplingDecision::RecordOnly);
        });
        assert_eq!(ask(), SamplingDecision::Drop);
        assert_ne!(Ids::default().new_trace_id(), TRACE);
    }
}
