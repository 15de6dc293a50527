//! What waits for the end of its request, within bounds.
//!
//! So many traces wait at once, with so many bytes each and in all. Room for a new one is found without looking at the others:
//! only the oldest is asked whether its time has passed. Of requests that find none, the spans are counted, so that those of which it
//! turns out that they should have been kept are known to be lost.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
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
    /// Traces that found no room. A number is little beside the root of each, which is alive in the service.
    crowded: HashMap<TraceId, Crowded>,
    kept: Kept,
}

/// What waited for one root.
#[derive(Debug, Default)]
pub(super) struct Waited {
    pub(super) spans: Vec<SpanData>,
    bytes: usize,
    /// How many spans found no room.
    pub(super) lost: u64,
}

/// A trace whose spans do not wait.
#[derive(Debug)]
struct Crowded {
    roots: usize,
    lost: u64,
}

/// The traces that were kept last, whose spans may end after their root.
#[derive(Debug, Default)]
struct Kept {
    by_age: VecDeque<TraceId>,
    all: HashSet<TraceId>,
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
    /// Takes note of a root that begins. Of one that finds no room, what ends before it is counted, and it alone may be kept.
    pub(super) fn root(&mut self, trace_id: TraceId, now: Instant) {
        if let Some(trace) = self.traces.get_mut(&trace_id) {
            trace.roots += 1;
            return;
        }
        if let Some(crowded) = self.crowded.get_mut(&trace_id) {
            crowded.roots += 1;
            return;
        }
        if self.traces.len() >= MOST_TRACES && !self.forget_oldest(now) {
            let crowded = Crowded { roots: 1, lost: 0 };
            self.crowded.insert(trace_id, crowded);
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

    /// Lets a span wait, and gives it back where there is nothing to wait for: its root has ended, and is kept.
    pub(super) fn add(&mut self, span: SpanData) -> Option<SpanData> {
        let trace_id = span.span_context.trace_id();
        let Some(trace) = self.traces.get_mut(&trace_id) else {
            if let Some(crowded) = self.crowded.get_mut(&trace_id) {
                crowded.lost += 1;
                return None;
            }
            return self.kept.all.contains(&trace_id).then_some(span);
        };
        let bytes = weight_of(&span);
        let waited = &mut trace.waited;
        if self.bytes + bytes > MOST_BYTES || waited.bytes + bytes > MOST_BYTES_OF_ONE {
            waited.lost += 1;
            return None;
        }
        self.bytes += bytes;
        waited.bytes += bytes;
        waited.spans.push(span);
        None
    }

    /// Returns what waited, when it is kept or nobody else waits for it.
    pub(super) fn end_of_root(&mut self, trace_id: TraceId, keeps: bool) -> Option<Waited> {
        if keeps {
            self.kept.remember(trace_id);
        }
        let Some(trace) = self.traces.get_mut(&trace_id) else {
            return self.end_in_crowd(trace_id, keeps);
        };
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

    /// Does the same for a trace that found no room: what did not wait is lost.
    fn end_in_crowd(&mut self, trace_id: TraceId, keeps: bool) -> Option<Waited> {
        let crowded = self.crowded.get_mut(&trace_id)?;
        crowded.roots -= 1;
        let lost = if crowded.roots == 0 {
            let crowded = self.crowded.remove(&trace_id)?;
            if self.crowded.is_empty() {
                self.crowded.shrink_to_fit();
            }
            crowded.lost
        } else if keeps {
            std::mem::take(&mut crowded.lost)
        } else {
            return None;
        };
        Some(Waited {
            lost,
            ..Waited::default()
        })
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
        let trace_id = oldest.remove();
        if let Some(Trace { roots, waited, .. }) = self.traces.remove(&trace_id) {
            self.bytes -= waited.bytes;
            let lost = waited.lost + waited.spans.len() as u64;
            self.crowded.insert(trace_id, Crowded { roots, lost });
        }
        true
    }
}

impl Kept {
    fn remember(&mut self, trace_id: TraceId) {
        if !self.all.insert(trace_id) {
            return;
        }
        self.by_age.push_back(trace_id);
        if self.by_age.len() > MOST_KEPT {
            let first = self.by_age.pop_front();
            first.map(|first| self.all.remove(&first));
        }
    }
}

/// How many traces that were kept are remembered.
const MOST_KEPT: usize = 1_024;

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
            (0..100).for_each(|_| drop(waiting.add(span(trace, 1_000))));
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
        waiting.add(span(MOST_TRACES, 10));
        let of_late = waiting.end_of_root(late, true).unwrap();
        assert_eq!((of_late.spans.len(), of_late.lost), (0, 1), "it found room");
        waiting.root(late, began + OLD);
        waiting.add(span(MOST_TRACES, 10));
        is_consistent(&waiting);
        assert_eq!(waiting.end_of_root(late, true).unwrap().spans.len(), 1);
        waiting.add(span(0, 10));
        let first = waiting.end_of_root(id(0), true).unwrap();
        assert_eq!((first.spans.len(), first.lost), (0, 2), "it was first");
        assert_eq!(waiting.end_of_root(id(1), true).unwrap().lost, 0);
        is_consistent(&waiting);
        assert!(waiting.crowded.is_empty());
    }

    #[test]
    fn what_finds_no_room_is_lost_only_where_it_would_have_been_kept() {
        let mut waiting = Waiting::default();
        let now = Instant::now();
        for trace in 0..MOST_TRACES + 2 {
            waiting.root(id(trace), now);
        }
        let (kept, other) = (MOST_TRACES, MOST_TRACES + 1);
        // It came twice.
        waiting.root(id(kept), now);
        for trace in [kept, kept, other] {
            assert!(waiting.add(span(trace, 10)).is_none());
        }
        assert_eq!(waiting.end_of_root(id(kept), true).unwrap().lost, 2);
        waiting.add(span(kept, 10));
        assert_eq!(waiting.end_of_root(id(kept), true).unwrap().lost, 1);
        // Who ends it does not ask, as it is not worth keeping.
        assert!(waiting.end_of_root(id(other), false).is_some());
        assert!(waiting.crowded.is_empty());
        is_consistent(&waiting);
    }

    #[test]
    fn a_span_that_outlives_its_root_goes_where_that_went() {
        let mut waiting = Waiting::default();
        for trace in 0..2 {
            waiting.root(id(trace), Instant::now());
            waiting.end_of_root(id(trace), trace == 0);
        }
        assert!(waiting.add(span(0, 10)).is_some());
        assert!(waiting.add(span(1, 10)).is_none());
        for trace in 2..MOST_KEPT + 2 {
            waiting.end_of_root(id(trace), true);
        }
        assert!(waiting.add(span(0, 10)).is_none(), "that was long ago");
        assert_eq!(waiting.kept.all.len(), MOST_KEPT);
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
