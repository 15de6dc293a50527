//! What waits for the end of its request, within bounds.
//!
//! So many traces wait at once, with so many bytes each and in all. Room for a new one is found without looking at the others:
//! only the oldest is asked whether its time has passed. Of requests that find none, the spans are counted, so that those of which it
//! turns out that they should have been kept are known to be lost. Where even those are too many, all that ends counts as lost.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::SpanData;

use super::export::weight_of;
use super::kept::Kept;

/// Traces that are not sampled, and whose local roots have not ended.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    traces: HashMap<TraceId, Trace>,
    /// Those whose spans wait, by number, and so by age.
    by_age: BTreeMap<u64, TraceId>,
    next: u64,
    bytes: usize,
    /// How many roots there are beside, of which nothing else is known.
    unknown: usize,
    kept: Kept,
}

/// What waits no longer.
#[derive(Debug, Default)]
pub(super) struct Waited {
    pub(super) spans: Vec<SpanData>,
    bytes: usize,
    /// How many spans found no room, or were forgotten.
    pub(super) lost: u64,
}

#[derive(Debug, Default)]
struct Trace {
    /// None when its spans do not wait, and are counted.
    place: Option<Place>,
    /// How many local roots have not ended: a trace may come to one service twice.
    roots: usize,
    /// How many spans below them have not.
    open: u64,
    /// Whether one was kept, and so what belongs to it: others may make the service forget that meanwhile.
    kept: bool,
    waited: Waited,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    began: Instant,
}

impl Waiting {
    /// Takes note of a root that begins. Of one that finds no room, what ends before it is counted, and it alone may be kept.
    pub(super) fn root(&mut self, trace_id: TraceId, now: Instant) {
        if let Some(trace) = self.traces.get_mut(&trace_id) {
            trace.roots += 1;
            return;
        }
        let place = self.place(trace_id, now);
        if place.is_none() && self.is_crowded() {
            self.unknown += 1;
            return;
        }
        let trace = Trace {
            place,
            roots: 1,
            kept: self.kept.has(trace_id),
            open: self.kept.reopen(trace_id),
            waited: Waited::default(),
        };
        self.traces.insert(trace_id, trace);
    }

    /// Takes note of a span that begins below a root.
    pub(super) fn begin(&mut self, trace_id: TraceId) {
        match self.traces.get_mut(&trace_id) {
            Some(trace) => trace.open += 1,
            None => self.kept.begin(trace_id),
        }
    }

    /// Takes note of a span that ended below a root, and lets it wait. It is given back where there is nothing to wait for: its root
    /// has ended, and is kept.
    pub(super) fn end(&mut self, span: SpanData) -> Waited {
        let trace_id = span.span_context.trace_id();
        let Some(trace) = self.traces.get_mut(&trace_id) else {
            if self.kept.end(trace_id) {
                return Waited::of(span);
            }
            // It may be of a root that will be kept, of which nothing is known.
            return Waited::lost(u64::from(self.unknown > 0));
        };
        trace.open = trace.open.saturating_sub(1);
        let (bytes, waited) = (weight_of(&span), &mut trace.waited);
        let is_one_too_many =
            self.bytes + bytes > MOST_BYTES || waited.bytes + bytes > MOST_BYTES_OF_ONE;
        if trace.place.is_none() || is_one_too_many {
            waited.lost += 1;
        } else {
            self.bytes += bytes;
            waited.bytes += bytes;
            waited.spans.push(span);
        }
        Waited::default()
    }

    /// Takes note of a root that ended, and returns what waited and is kept: with this root, or with another one of its trace that was.
    pub(super) fn end_of_root(&mut self, trace_id: TraceId, keeps: bool) -> Waited {
        let Some(trace) = self.traces.get_mut(&trace_id) else {
            self.unknown = self.unknown.saturating_sub(1);
            return Waited::lost(if keeps {
                self.kept.remember(trace_id, 0)
            } else {
                0
            });
        };
        trace.roots -= 1;
        trace.kept |= keeps;
        let (is_last, is_kept) = (trace.roots == 0, trace.kept);
        let mut waited = Waited::default();
        if keeps || is_last {
            waited = std::mem::take(&mut trace.waited);
            self.bytes -= waited.bytes;
        }
        let open = if is_last { self.remove(trace_id) } else { 0 };
        if !is_kept {
            return Waited::default();
        }
        waited.lost += self.kept.remember(trace_id, open);
        waited
    }

    /// Removes a trace that waits for nothing, and returns how many of its spans have not ended.
    fn remove(&mut self, trace_id: TraceId) -> u64 {
        let Some(Trace { place, open, .. }) = self.traces.remove(&trace_id) else {
            return 0;
        };
        if let Some(place) = place {
            self.by_age.remove(&place.number);
        }
        if self.crowd() == 0 && self.traces.capacity() > 4 * MOST_TRACES {
            self.traces.shrink_to(MOST_TRACES);
        }
        open
    }

    /// Finds a place among those that wait.
    fn place(&mut self, trace_id: TraceId, now: Instant) -> Option<Place> {
        if self.by_age.len() >= MOST_TRACES && !self.forget_oldest(now) {
            return None;
        }
        let (number, began) = (self.next, now);
        self.next += 1;
        self.by_age.insert(number, trace_id);
        Some(Place { number, began })
    }

    /// Makes room if the root that began first is unlikely to end, and tells whether it did.
    fn forget_oldest(&mut self, now: Instant) -> bool {
        if self.is_crowded() {
            return false;
        }
        let Some(oldest) = self.by_age.first_entry() else {
            return false;
        };
        let Some(trace) = self.traces.get_mut(oldest.get()) else {
            return false;
        };
        let is_old = |place: Place| now.duration_since(place.began) >= OLD;
        if !trace.place.is_some_and(is_old) {
            return false;
        }
        oldest.remove();
        trace.place = None;
        self.bytes -= trace.waited.bytes;
        trace.waited = Waited::lost(trace.waited.lost + trace.waited.spans.len() as u64);
        true
    }

    /// Returns how many traces found no room, and have their spans counted.
    fn crowd(&self) -> usize {
        self.traces.len() - self.by_age.len()
    }

    fn is_crowded(&self) -> bool {
        self.crowd() >= MOST_CROWDED
    }
}

impl Waited {
    fn of(span: SpanData) -> Self {
        Self {
            spans: vec![span],
            ..Self::default()
        }
    }

    fn lost(lost: u64) -> Self {
        Self {
            lost,
            ..Self::default()
        }
    }
}

/// How many traces are waited for.
const MOST_TRACES: usize = 4_096;

/// Of how many others the spans are counted.
const MOST_CROWDED: usize = 8_192;

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
        let traces = waiting.traces.values();
        let placed = traces.filter(|trace| trace.place.is_some()).count();
        assert_eq!(waiting.by_age.len(), placed);
        assert!(waiting.bytes <= MOST_BYTES && placed <= MOST_TRACES);
        assert!(waiting.crowd() <= MOST_CROWDED);
    }

    /// Nothing is kept of anything but of what was kept.
    fn is_empty(waiting: &Waiting) -> bool {
        is_consistent(waiting);
        waiting.traces.is_empty() && waiting.unknown == 0
    }

    /// How many spans came back, and how many were lost.
    fn told(waited: &Waited) -> (usize, u64) {
        (waited.spans.len(), waited.lost)
    }

    #[test]
    fn one_long_trace_leaves_room_for_others_and_what_it_loses_is_counted() {
        let mut waiting = Waiting::default();
        let now = Instant::now();
        waiting.root(id(0), now);
        waiting.root(id(1), now);
        for _ in 0..10_000 {
            waiting.end(span(0, 1_000));
        }
        waiting.end(span(1, 1_000));
        is_consistent(&waiting);
        let long = waiting.end_of_root(id(0), true);
        assert_eq!(long.spans.len() as u64 + long.lost, 10_000);
        assert!(long.bytes <= MOST_BYTES_OF_ONE && long.lost > 0);
        assert_eq!(told(&waiting.end_of_root(id(1), true)), (1, 0));
        assert!(is_empty(&waiting));
        assert_eq!(waiting.bytes, 0);
    }

    #[test]
    fn all_together_take_no_more_than_they_may() {
        let mut waiting = Waiting::default();
        for trace in 0..100 {
            waiting.root(id(trace), Instant::now());
            (0..100).for_each(|_| drop(waiting.end(span(trace, 1_000))));
        }
        is_consistent(&waiting);
        let waited = (0..100).map(|trace| waiting.end_of_root(id(trace), true));
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
        waiting.end(span(0, 10));
        let late = id(MOST_TRACES);
        waiting.root(late, began + OLD / 2);
        waiting.end(span(MOST_TRACES, 10));
        let of_late = waiting.end_of_root(late, true);
        assert_eq!(told(&of_late), (0, 1), "it found room");
        waiting.root(late, began + OLD);
        waiting.end(span(MOST_TRACES, 10));
        is_consistent(&waiting);
        assert_eq!(told(&waiting.end_of_root(late, true)), (1, 0));
        waiting.end(span(0, 10));
        let first = waiting.end_of_root(id(0), true);
        assert_eq!(told(&first), (0, 2), "it was first");
        assert_eq!(waiting.end_of_root(id(1), true).lost, 0);
        (2..MOST_TRACES).for_each(|trace| drop(waiting.end_of_root(id(trace), false)));
        assert!(is_empty(&waiting));
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
            assert_eq!(told(&waiting.end(span(trace, 10))), (0, 0));
        }
        assert_eq!(waiting.end_of_root(id(kept), true).lost, 2);
        waiting.end(span(kept, 10));
        assert_eq!(waiting.end_of_root(id(kept), true).lost, 1);
        // Who ends it does not ask, as it is not worth keeping.
        waiting.end_of_root(id(other), false);
        assert_eq!(waiting.crowd(), 0);
        is_consistent(&waiting);
    }

    #[test]
    fn where_nothing_can_be_known_of_a_root_all_that_ends_is_lost() {
        let mut waiting = Waiting::default();
        let now = Instant::now();
        let all = MOST_TRACES + MOST_CROWDED;
        (0..=all).for_each(|trace| waiting.root(id(trace), now));
        is_consistent(&waiting);
        assert_eq!(waiting.unknown, 1);
        // One that waits does so, one that is counted is, and of one that is neither it is known at once.
        for (trace, lost) in [(0, 0), (MOST_TRACES, 0), (all, 1), (all + 1, 1)] {
            waiting.begin(id(trace));
            assert_eq!(told(&waiting.end(span(trace, 10))), (0, lost), "{trace}");
        }
        // An old one does not leave its place for what cannot be counted.
        waiting.root(id(all + 2), now + OLD);
        assert_eq!(waiting.unknown, 2);
        for trace in 0..=all + 2 {
            if trace != all + 1 {
                waiting.end_of_root(id(trace), false);
            }
        }
        assert!(is_empty(&waiting));
        assert!(waiting.traces.capacity() <= 4 * MOST_TRACES);
        assert_eq!(told(&waiting.end(span(all, 10))), (0, 0), "it is of none");
    }

    #[test]
    fn a_span_that_outlives_its_root_goes_where_that_went() {
        let mut waiting = Waiting::default();
        for trace in 0..2 {
            waiting.root(id(trace), Instant::now());
            waiting.begin(id(trace));
            waiting.end_of_root(id(trace), trace == 0);
        }
        assert_eq!(told(&waiting.end(span(0, 10))), (1, 0));
        assert_eq!(told(&waiting.end(span(1, 10))), (0, 0));
        assert!(is_empty(&waiting));
    }

    #[test]
    fn spans_that_outlive_even_the_memory_of_their_root_are_counted_when_that_is_forgotten() {
        let mut waiting = Waiting::default();
        let keep = |waiting: &mut Waiting, trace, open| {
            waiting.root(id(trace), Instant::now());
            (0..open).for_each(|_| waiting.begin(id(trace)));
            waiting.end_of_root(id(trace), true).lost
        };
        assert_eq!(keep(&mut waiting, 0, 3), 0);
        assert_eq!(told(&waiting.end(span(0, 10))), (1, 0));
        // One that begins late is one of them.
        waiting.begin(id(0));
        let others = (1..=Kept::MOST).map(|trace| keep(&mut waiting, trace, 0));
        assert_eq!(others.sum::<u64>(), 3, "they have not ended");
        // They are, and are not counted again.
        assert_eq!(told(&waiting.end(span(0, 10))), (0, 0));
    }

    #[test]
    fn a_trace_that_came_twice_is_waited_for_twice() {
        let mut waiting = Waiting::default();
        waiting.root(id(0), Instant::now());
        waiting.root(id(0), Instant::now());
        waiting.end(span(0, 1));
        assert_eq!(told(&waiting.end_of_root(id(0), false)), (0, 0));
        waiting.end(span(0, 1));
        assert_eq!(told(&waiting.end_of_root(id(0), true)), (2, 0));
        is_consistent(&waiting);
    }

    #[test]
    fn what_ends_late_is_kept_with_its_root_whatever_becomes_of_another() {
        let mut waiting = Waiting::default();
        for _ in 0..2 {
            waiting.root(id(0), Instant::now());
            waiting.begin(id(0));
        }
        assert_eq!(told(&waiting.end_of_root(id(0), true)), (0, 0));
        waiting.end(span(0, 1));
        waiting.end(span(0, MOST_BYTES_OF_ONE));
        assert_eq!(told(&waiting.end_of_root(id(0), false)), (1, 1));
        assert_eq!(waiting.bytes, 0);
    }

    #[test]
    fn a_trace_that_was_kept_and_comes_back_is_not_forgotten_for_others_meanwhile() {
        let mut waiting = Waiting::default();
        let keep = |waiting: &mut Waiting, trace| {
            waiting.root(id(trace), Instant::now());
            waiting.end_of_root(id(trace), true)
        };
        waiting.root(id(0), Instant::now());
        (0..3).for_each(|_| waiting.begin(id(0)));
        waiting.end_of_root(id(0), true);
        waiting.root(id(0), Instant::now());
        for trace in 1..=Kept::MOST {
            assert_eq!(told(&keep(&mut waiting, trace)), (0, 0));
        }
        assert!(!waiting.kept.has(id(0)));
        waiting.end(span(0, 1));
        // It is not worth it, and what is left of the first is.
        assert_eq!(told(&waiting.end_of_root(id(0), false)), (1, 0));
        assert_eq!(told(&waiting.end(span(0, 1))), (1, 0));
        let others = (1..=Kept::MOST).map(|trace| keep(&mut waiting, trace + Kept::MOST).lost);
        assert_eq!(others.sum::<u64>(), 1, "one has not ended");
    }

    #[test]
    fn a_trace_that_comes_back_takes_over_what_has_not_ended() {
        let mut waiting = Waiting::default();
        waiting.root(id(0), Instant::now());
        waiting.begin(id(0));
        waiting.end_of_root(id(0), true);
        waiting.root(id(0), Instant::now());
        waiting.end(span(0, 1));
        assert_eq!(told(&waiting.end_of_root(id(0), true)), (1, 0));
        for trace in 1..=Kept::MOST {
            waiting.root(id(trace), Instant::now());
            assert_eq!(waiting.end_of_root(id(trace), true).lost, 0, "it ended");
        }
    }
}
