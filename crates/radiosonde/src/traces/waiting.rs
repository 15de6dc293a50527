//! What waits for the end of its request, within bounds.
//!
//! So many traces wait at once, with so many bytes each and in all. Room for a new one is found without looking at the others:
//! only the oldest is asked whether its time has passed.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::SpanData;

use super::export::weight_of;

/// Traces that are not sampled, and whose local roots have not ended.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    traces: HashMap<TraceId, Trace>,
    /// The same by number, and so by age.
    by_age: BTreeMap<u64, TraceId>,
    next: u64,
    bytes: usize,
}

/// What waited for one root.
#[derive(Debug, Default)]
pub(super) struct Waited {
    pub(super) spans: Vec<SpanData>,
    bytes: usize,
    /// How many spans found no room.
    pub(super) lost: u64,
}

#[derive(Debug)]
struct Trace {
    number: u64,
    began: Instant,
    /// How many local roots have not ended: a trace may come to one service twice.
    roots: usize,
    waited: Waited,
}

impl Waiting {
    /// Takes note of a root that begins. One that finds no room is not waited for: of its trace, it alone may be kept.
    pub(super) fn root(&mut self, trace_id: TraceId, now: Instant) {
        if let Some(trace) = self.traces.get_mut(&trace_id) {
            trace.roots += 1;
            return;
        }
        if self.traces.len() >= MOST_TRACES && !self.forget_oldest(now) {
            return;
        }
        let trace = Trace {
            number: self.next,
            began: now,
            roots: 1,
            waited: Waited::default(),
        };
        self.by_age.insert(self.next, trace_id);
        self.traces.insert(trace_id, trace);
        self.next += 1;
    }

    /// Lets a span wait, unless nobody waits for it.
    pub(super) fn add(&mut self, span: SpanData) {
        let Some(trace) = self.traces.get_mut(&span.span_context.trace_id()) else {
            return;
        };
        let bytes = weight_of(&span);
        let waited = &mut trace.waited;
        if self.bytes + bytes > MOST_BYTES || waited.bytes + bytes > MOST_BYTES_OF_ONE {
            waited.lost += 1;
            return;
        }
        self.bytes += bytes;
        waited.bytes += bytes;
        waited.spans.push(span);
    }

    /// Returns what waited, when it is kept or nobody else waits for it.
    pub(super) fn end_of_root(&mut self, trace_id: TraceId, keeps: bool) -> Option<Waited> {
        let trace = self.traces.get_mut(&trace_id)?;
        trace.roots -= 1;
        let waited = if trace.roots == 0 {
            let trace = self.traces.remove(&trace_id)?;
            self.by_age.remove(&trace.number);
            trace.waited
        } else if keeps {
            std::mem::take(&mut trace.waited)
        } else {
            return None;
        };
        self.bytes -= waited.bytes;
        Some(waited)
    }

    /// Makes room if the root that began first is unlikely to end, and tells whether it did.
    fn forget_oldest(&mut self, now: Instant) -> bool {
        let Some(oldest) = self.by_age.first_entry() else {
            return false;
        };
        let is_old = |trace: &Trace| now.duration_since(trace.began) >= OLD;
        if !self.traces.get(oldest.get()).is_none_or(is_old) {
            return false;
        }
        let trace = self.traces.remove(&oldest.remove());
        self.bytes -= trace.map_or(0, |trace| trace.waited.bytes);
        true
    }
}

/// How many traces are waited for.
const MOST_TRACES: usize = 4_096;

/// How many bytes wait.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// How many bytes of one trace wait, so that one alone does not take the room of all.
const MOST_BYTES_OF_ONE: usize = MOST_BYTES / 8;

/// A request that takes longer is not waited for when there is no room for others.
const OLD: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::SystemTime;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn id(number: usize) -> TraceId {
        TraceId::from((number + 1) as u128)
    }

    /// A span with a name of so many bytes.
    fn span(trace: usize, value: usize) -> SpanData {
        let flags = TraceFlags::default();
        let (span_id, state) = (SpanId::from(7), TraceState::NONE);
        let now = SystemTime::now();
        SpanData {
            span_context: SpanContext::new(id(trace), span_id, flags, false, state),
            parent_span_id: SpanId::from(8),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: Cow::Borrowed(""),
            start_time: now,
            end_time: now,
            attributes: vec![opentelemetry::KeyValue::new("a", "x".repeat(value))],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    fn is_consistent(waiting: &Waiting) {
        let traces = waiting.traces.values();
        let bytes: usize = traces.map(|trace| trace.waited.bytes).sum();
        assert_eq!(waiting.bytes, bytes);
        assert_eq!(waiting.by_age.len(), waiting.traces.len());
        assert!(waiting.bytes <= MOST_BYTES && waiting.traces.len() <= MOST_TRACES);
    }

    #[test]
    fn one_long_trace_leaves_room_for_others_and_what_it_loses_is_counted() {
        let mut waiting = Waiting::default();
        let now = Instant::now();
        waiting.root(id(0), now);
        waiting.root(id(1), now);
        for _ in 0..10_000 {
            waiting.add(span(0, 1_000));
        }
        waiting.add(span(1, 1_000));
        is_consistent(&waiting);
        let long = waiting.end_of_root(id(0), true).unwrap();
        assert_eq!(long.spans.len() as u64 + long.lost, 10_000);
        assert!(long.bytes <= MOST_BYTES_OF_ONE && long.lost > 0);
        let other = waiting.end_of_root(id(1), true).unwrap();
        assert_eq!((other.spans.len(), other.lost), (1, 0));
        is_consistent(&waiting);
        assert_eq!(waiting.bytes, 0);
    }

    #[test]
    fn all_together_take_no_more_than_they_may() {
        let mut waiting = Waiting::default();
        for trace in 0..100 {
            waiting.root(id(trace), Instant::now());
            (0..100).for_each(|_| waiting.add(span(trace, 1_000)));
        }
        is_consistent(&waiting);
        let waited = (0..100).map(|trace| waiting.end_of_root(id(trace), true).unwrap());
        let told: u64 = waited.map(|of| of.spans.len() as u64 + of.lost).sum();
        assert_eq!(told, 10_000);
    }

    #[test]
    fn a_root_that_never_ends_makes_room_when_it_is_old() {
        let mut waiting = Waiting::default();
        let began = Instant::now();
        for trace in 0..MOST_TRACES {
            waiting.root(id(trace), began);
        }
        waiting.add(span(0, 10));
        let late = id(MOST_TRACES);
        waiting.root(late, began + OLD / 2);
        assert!(waiting.end_of_root(late, true).is_none(), "it found room");
        waiting.root(late, began + OLD);
        is_consistent(&waiting);
        assert!(waiting.end_of_root(late, true).is_some());
        assert!(waiting.end_of_root(id(0), true).is_none(), "it was first");
        assert!(waiting.end_of_root(id(1), true).is_some());
        is_consistent(&waiting);
    }

    #[test]
    fn a_trace_that_came_twice_is_waited_for_twice() {
        let mut waiting = Waiting::default();
        waiting.root(id(0), Instant::now());
        waiting.root(id(0), Instant::now());
        waiting.add(span(0, 1));
        assert!(waiting.end_of_root(id(0), false).is_none());
        waiting.add(span(0, 1));
        assert_eq!(waiting.end_of_root(id(0), true).unwrap().spans.len(), 2);
        is_consistent(&waiting);
    }
}
