//! Which traces are recorded, decided before there is a span.
//!
//! The tracer of the SDK asks its sampler when it builds a span, and makes the ids itself. A request is decided on earlier,
//! by its ids; when it is sampled after all, the tracer finds that decision and those ids here.

use std::cell::Cell;

use opentelemetry::trace::{Link, SpanId, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, SamplingResult, ShouldSample,
};
use radiosonde_tower::{SpanIds, with_current_request};

/// Asks a sampler about a request that came with these ids, or begins a trace.
pub(super) fn is_sampled(sampler: &Sampler, parent: Option<SpanIds>, trace_id: TraceId) -> bool {
    let ask = |sampler: &dyn ShouldSample| {
        let result = sampler.should_sample(None, trace_id, "", &SpanKind::Server, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    };
    match (sampler, parent) {
        (Sampler::ParentBased(_), Some(parent)) => parent.is_sampled(),
        (Sampler::ParentBased(root), None) => ask(root.as_ref()),
        (sampler, _) => ask(sampler),
    }
}

/// Builds a span of a trace that was found to be sampled.
pub(super) fn decided<T>(trace_id: TraceId, build: impl FnOnce() -> T) -> T {
    let _forgotten = Decided::of(trace_id);
    build()
}

/// A decision that the tracer finds until this is dropped, also by a panic.
struct Decided;

impl Decided {
    fn of(trace_id: TraceId) -> Self {
        DECIDED.set(Some(trace_id));
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
pub(super) struct Decisions(pub(super) Sampler);

impl ShouldSample for Decisions {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let has_parent = parent.is_some_and(|parent| parent.span().span_context().is_valid());
        if DECIDED.get().is_some() {
            return result(SamplingDecision::RecordAndSample, parent);
        }
        if !has_parent && is_within_ids_alone() {
            return result(SamplingDecision::Drop, parent);
        }
        self.0
            .should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

/// Tells whether this thread works for a request that has ids and no span, so that what happens in it is not recorded.
///
/// Where a span is around the code, that decides; this is for code without one.
pub(super) fn is_within_ids_alone() -> bool {
    with_current_request(|request| request.span().is_some()).unwrap_or(false)
}

fn result(decision: SamplingDecision, parent: Option<&Context>) -> SamplingResult {
    let state = parent.map(|parent| parent.span().span_context().trace_state().clone());
    SamplingResult {
        decision,
        attributes: Vec::new(),
        trace_state: state.unwrap_or(TraceState::NONE),
    }
}

/// The ids of the tracer.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        DECIDED.get().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

thread_local! {
    /// The trace whose span is being built.
    static DECIDED: Cell<Option<TraceId>> = const { Cell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: TraceId = TraceId::from_bytes([0xff; 16]);

    const SAMPLED: Option<SpanIds> = Some(SpanIds::new([1; 16], [2; 8], true));
    const NOT_SAMPLED: Option<SpanIds> = Some(SpanIds::new([1; 16], [2; 8], false));

    #[test]
    fn a_sampler_that_follows_the_parent_asks_the_root_only_without_one() {
        let never = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        assert!(is_sampled(&never, SAMPLED, TRACE));
        assert!(!is_sampled(&never, NOT_SAMPLED, TRACE));
        assert!(!is_sampled(&never, None, TRACE));
        let always = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
        assert!(is_sampled(&always, None, TRACE));
        assert!(!is_sampled(&always, NOT_SAMPLED, TRACE));
    }

    #[test]
    fn another_sampler_decides_whatever_the_parent_was() {
        assert!(is_sampled(&Sampler::AlwaysOn, NOT_SAMPLED, TRACE));
        let some = Sampler::TraceIdRatioBased(0.5);
        assert!(!is_sampled(&some, SAMPLED, TRACE));
        assert!(is_sampled(&some, None, TraceId::from_bytes([1; 16])));
    }

    #[test]
    fn the_tracer_is_told_what_was_decided_and_of_which_trace() {
        let never = Decisions(Sampler::AlwaysOff);
        let ask = || {
            never
                .should_sample(None, TRACE, "", &SpanKind::Server, &[], &[])
                .decision
        };
        assert_eq!(ask(), SamplingDecision::Drop);
        decided(TRACE, || {
            assert_eq!(ask(), SamplingDecision::RecordAndSample);
            assert_eq!(Ids::default().new_trace_id(), TRACE);
        });
        assert_eq!(ask(), SamplingDecision::Drop);
        assert_ne!(Ids::default().new_trace_id(), TRACE);
    }
}
