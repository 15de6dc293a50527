use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use proptest::prelude::*;

use super::*;

fn id(number: usize) -> TraceId {
    TraceId::from((number + 1) as u128)
}

/// A root. Those of one trace are alike, unless they have to be told apart.
fn root(trace: usize) -> SpanContext {
    another_root(trace, 0)
}

fn another_root(trace: usize, number: u64) -> SpanContext {
    let (flags, span_id) = (TraceFlags::default(), SpanId::from(u64::MAX - number));
    SpanContext::new(id(trace), span_id, flags, false, TraceState::NONE)
}

/// A span with a value of so many bytes, and an id of its own.
fn span(trace: usize, value: usize) -> SpanData {
    static IDS: AtomicU64 = AtomicU64::new(1);
    let flags = TraceFlags::default();
    let span_id = SpanId::from(IDS.fetch_add(1, Relaxed));
    let state = TraceState::NONE;
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
    let traces = waiting.traces.values();
    let open = traces.map(|trace| trace.open.len()).sum::<usize>() + waiting.kept.open_in_all();
    assert_eq!(waiting.open, open);
    assert!(open <= MOST_OPEN);
    let roots: usize = waiting.traces.values().map(|trace| trace.roots.len()).sum();
    assert_eq!(waiting.roots, roots);
    assert!(roots <= MOST_ROOTS);
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

/// A span that begins and has not ended.
fn begin(waiting: &mut Waiting, trace: usize) -> SpanData {
    let span = span(trace, 10);
    assert_eq!(told(&waiting.begin(&span.span_context)), (0, 0));
    span
}

/// A span that begins and ends at once.
fn run(waiting: &mut Waiting, trace: usize, value: usize) -> Waited {
    let span = span(trace, value);
    assert_eq!(told(&waiting.begin(&span.span_context)), (0, 0));
    waiting.end(span)
}

/// A root that begins, with so many spans that have not ended, and is kept; how many spans that costs others.
fn keep(waiting: &mut Waiting, trace: usize, open: usize) -> u64 {
    waiting.root(&root(trace), Instant::now());
    (0..open).for_each(|_| drop(begin(waiting, trace)));
    let kept = waiting.end_of_root(&root(trace), true);
    assert!(kept.spans.is_empty());
    kept.lost
}

/// Makes the service forget what it kept, and returns how many spans are lost.
fn forget(waiting: &mut Waiting) -> u64 {
    let others = 1_000..1_000 + Kept::MOST;
    others.map(|trace| keep(waiting, trace, 0)).sum()
}

#[test]
fn one_long_trace_leaves_room_for_others_and_what_it_loses_is_counted() {
    let mut waiting = Waiting::default();
    let now = Instant::now();
    waiting.root(&root(0), now);
    waiting.root(&root(1), now);
    for _ in 0..10_000 {
        run(&mut waiting, 0, 1_000);
    }
    run(&mut waiting, 1, 1_000);
    is_consistent(&waiting);
    let long = waiting.end_of_root(&root(0), true);
    assert_eq!(long.spans.len() as u64 + long.lost, 10_000);
    assert!(long.bytes <= MOST_BYTES_OF_ONE && long.lost > 0);
    assert_eq!(told(&waiting.end_of_root(&root(1), true)), (1, 0));
    assert!(is_empty(&waiting));
    assert_eq!(waiting.bytes, 0);
}

#[test]
fn all_together_take_no_more_than_they_may() {
    let mut waiting = Waiting::default();
    for trace in 0..100 {
        waiting.root(&root(trace), Instant::now());
        (0..100).for_each(|_| drop(run(&mut waiting, trace, 1_000)));
    }
    is_consistent(&waiting);
    let waited = (0..100).map(|trace| waiting.end_of_root(&root(trace), true));
    let told: u64 = waited.map(|of| of.spans.len() as u64 + of.lost).sum();
    assert_eq!(told, 10_000);
}

#[test]
fn a_root_that_never_ends_makes_room_when_it_is_old() {
    let mut waiting = Waiting::default();
    let began = Instant::now();
    for trace in 0..MOST_TRACES {
        waiting.root(&root(trace), began);
    }
    run(&mut waiting, 0, 10);
    let late = &root(MOST_TRACES);
    waiting.root(late, began + OLD / 2);
    run(&mut waiting, MOST_TRACES, 10);
    let of_late = waiting.end_of_root(late, true);
    assert_eq!(told(&of_late), (0, 1), "it found room");
    waiting.root(late, began + OLD);
    run(&mut waiting, MOST_TRACES, 10);
    is_consistent(&waiting);
    assert_eq!(told(&waiting.end_of_root(late, true)), (1, 0));
    run(&mut waiting, 0, 10);
    let first = waiting.end_of_root(&root(0), true);
    assert_eq!(told(&first), (0, 2), "it was first");
    assert_eq!(waiting.end_of_root(&root(1), true).lost, 0);
    (2..MOST_TRACES).for_each(|trace| drop(waiting.end_of_root(&root(trace), false)));
    assert!(is_empty(&waiting));
}

#[test]
fn what_finds_no_room_is_lost_only_where_it_would_have_been_kept() {
    let mut waiting = Waiting::default();
    let now = Instant::now();
    for trace in 0..MOST_TRACES + 2 {
        waiting.root(&root(trace), now);
    }
    let (kept, other) = (MOST_TRACES, MOST_TRACES + 1);
    // It came twice.
    waiting.root(&another_root(kept, 1), now);
    for trace in [kept, kept, other] {
        assert_eq!(told(&run(&mut waiting, trace, 10)), (0, 0));
    }
    assert_eq!(waiting.end_of_root(&root(kept), true).lost, 2);
    run(&mut waiting, kept, 10);
    assert_eq!(waiting.end_of_root(&another_root(kept, 1), true).lost, 1);
    // Who ends it does not ask, as it is not worth keeping.
    waiting.end_of_root(&root(other), false);
    assert_eq!(waiting.crowd(), 0);
    is_consistent(&waiting);
}

#[test]
fn where_nothing_can_be_known_of_a_root_all_that_begins_is_lost() {
    let mut waiting = Waiting::default();
    let now = Instant::now();
    let all = MOST_TRACES + MOST_CROWDED;
    (0..=all).for_each(|trace| waiting.root(&root(trace), now));
    is_consistent(&waiting);
    assert_eq!(waiting.unknown, 1);
    // One that waits does so, one that is counted is, and of one that is neither it is known at once.
    for (trace, lost) in [(0, 0), (MOST_TRACES, 0), (all, 1), (all + 1, 1)] {
        let span = span(trace, 10);
        let begun = waiting.begin(&span.span_context);
        assert_eq!(told(&begun), (0, lost), "{trace}");
        assert_eq!(told(&waiting.end(span)), (0, 0), "{trace}");
    }
    // An old one does not leave its place for what cannot be counted.
    waiting.root(&root(all + 2), now + OLD);
    assert_eq!(waiting.unknown, 2);
    for trace in 0..=all + 2 {
        if trace != all + 1 {
            waiting.end_of_root(&root(trace), false);
        }
    }
    assert!(is_empty(&waiting));
    assert!(waiting.traces.capacity() <= 4 * MOST_TRACES);
    assert_eq!(told(&run(&mut waiting, all, 10)), (0, 0), "it is of none");
}

#[test]
fn a_root_of_which_nothing_is_known_ends_no_other_of_its_trace() {
    let mut waiting = Waiting::default();
    let now = Instant::now();
    let all = MOST_TRACES + MOST_CROWDED;
    (0..=all).for_each(|trace| waiting.root(&root(trace), now));
    assert_eq!(waiting.unknown, 1);
    // There is room again, and its trace comes again.
    waiting.end_of_root(&root(0), false);
    waiting.root(&another_root(all, 1), now);
    run(&mut waiting, all, 10);
    assert_eq!(told(&waiting.end_of_root(&root(all), false)), (0, 0));
    assert_eq!(waiting.unknown, 0);
    run(&mut waiting, all, 10);
    let kept = waiting.end_of_root(&another_root(all, 1), true);
    assert_eq!(told(&kept), (2, 0));
    is_consistent(&waiting);
}

#[test]
fn a_trace_may_come_any_number_of_times_at_once() {
    let mut waiting = Waiting::default();
    let all = 2 * MOST_ROOTS as u64;
    (0..all).for_each(|number| waiting.root(&another_root(0, number), Instant::now()));
    is_consistent(&waiting);
    run(&mut waiting, 0, 10);
    // Another one that comes is waited for without its id.
    waiting.root(&root(1), Instant::now());
    run(&mut waiting, 1, 10);
    is_consistent(&waiting);
    assert_eq!(told(&waiting.end_of_root(&root(1), true)), (1, 0));
    // Those that are known end first, and what they leave behind waits for the others.
    let end = |number| told(&waiting.end_of_root(&another_root(0, number), number == all - 1));
    let kept: Vec<_> = (0..all).map(end).collect();
    assert_eq!(kept.last(), Some(&(1, 0)));
    assert!(is_empty(&waiting));
}

#[test]
fn where_too_many_spans_have_not_ended_the_next_one_is_lost_if_its_root_is_kept() {
    let mut waiting = Waiting::default();
    for trace in 0..3 {
        waiting.root(&root(trace), Instant::now());
    }
    assert_eq!(waiting.end_of_root(&root(2), true).lost, 0);
    let mut open: Vec<_> = (0..MOST_OPEN).map(|_| begin(&mut waiting, 0)).collect();
    // Of one that goes with a root, nothing is known; of one whose root is kept, it is known at once.
    let (late, later) = (begin(&mut waiting, 1), span(2, 10));
    assert_eq!(told(&waiting.begin(&later.span_context)), (0, 1));
    is_consistent(&waiting);
    // There is room again, and those had none.
    assert_eq!(told(&waiting.end(open.swap_remove(0))), (0, 0));
    for span in [late, later] {
        assert_eq!(told(&waiting.end(span)), (0, 0));
    }
    assert_eq!(told(&waiting.end_of_root(&root(1), true)), (0, 1));
    assert_eq!(told(&run(&mut waiting, 2, 10)), (1, 0));
    waiting.end_of_root(&root(0), false);
    assert_eq!(waiting.open, 0);
}

#[test]
fn a_span_that_outlives_its_root_goes_where_that_went() {
    let mut waiting = Waiting::default();
    let late = [0, 1].map(|trace| {
        waiting.root(&root(trace), Instant::now());
        let late = begin(&mut waiting, trace);
        waiting.end_of_root(&root(trace), trace == 0);
        late
    });
    // Also where another root of the trace is kept meanwhile.
    assert_eq!(keep(&mut waiting, 1, 0), 0);
    let went = late.map(|span| told(&waiting.end(span)));
    assert_eq!(went, [(1, 0), (0, 0)]);
    assert!(is_empty(&waiting));
}

#[test]
fn spans_that_outlive_even_the_memory_of_their_root_are_counted_when_that_is_forgotten() {
    let mut waiting = Waiting::default();
    assert_eq!(keep(&mut waiting, 0, 3), 0);
    assert_eq!(told(&run(&mut waiting, 0, 10)), (1, 0));
    // One that begins late is one of them.
    let late = begin(&mut waiting, 0);
    assert_eq!(forget(&mut waiting), 4, "they have not ended");
    // They are, and are not counted again.
    assert_eq!(told(&waiting.end(late)), (0, 0));
}

#[test]
fn a_trace_that_came_twice_is_waited_for_twice() {
    let mut waiting = Waiting::default();
    waiting.root(&root(0), Instant::now());
    waiting.root(&another_root(0, 1), Instant::now());
    run(&mut waiting, 0, 1);
    assert_eq!(told(&waiting.end_of_root(&root(0), false)), (0, 0));
    run(&mut waiting, 0, 1);
    assert_eq!(
        told(&waiting.end_of_root(&another_root(0, 1), true)),
        (2, 0)
    );
    is_consistent(&waiting);
}

#[test]
fn what_ends_late_is_kept_with_its_root_whatever_becomes_of_another() {
    let mut waiting = Waiting::default();
    for number in 0..2 {
        waiting.root(&another_root(0, number), Instant::now());
    }
    assert_eq!(told(&waiting.end_of_root(&root(0), true)), (0, 0));
    run(&mut waiting, 0, 1);
    run(&mut waiting, 0, MOST_BYTES_OF_ONE);
    assert_eq!(
        told(&waiting.end_of_root(&another_root(0, 1), false)),
        (1, 1)
    );
    assert_eq!(waiting.bytes, 0);
}

#[test]
fn a_trace_that_was_kept_and_comes_back_is_not_forgotten_for_others_meanwhile() {
    let mut waiting = Waiting::default();
    waiting.root(&root(0), Instant::now());
    let [one, other, _] = [(); 3].map(|()| begin(&mut waiting, 0));
    waiting.end_of_root(&root(0), true);
    waiting.root(&root(0), Instant::now());
    assert_eq!(forget(&mut waiting), 0);
    assert!(!waiting.kept.has(id(0)));
    waiting.end(one);
    // It is not worth it, and what is left of the first is.
    assert_eq!(told(&waiting.end_of_root(&root(0), false)), (1, 0));
    assert_eq!(told(&waiting.end(other)), (1, 0));
    assert_eq!(forget(&mut waiting), 1, "one has not ended");
}

#[test]
fn a_trace_that_comes_back_takes_over_what_has_not_ended() {
    let mut waiting = Waiting::default();
    waiting.root(&root(0), Instant::now());
    let span = begin(&mut waiting, 0);
    waiting.end_of_root(&root(0), true);
    waiting.root(&root(0), Instant::now());
    waiting.end(span);
    assert_eq!(told(&waiting.end_of_root(&root(0), true)), (1, 0));
    assert_eq!(forget(&mut waiting), 0, "it ended");
}

#[test]
fn a_span_that_was_lost_with_its_trace_is_not_sent_when_that_is_kept_again() {
    let mut waiting = Waiting::default();
    waiting.root(&root(0), Instant::now());
    let (one, other) = (begin(&mut waiting, 0), begin(&mut waiting, 0));
    waiting.end_of_root(&root(0), true);
    assert_eq!(forget(&mut waiting), 2);
    waiting.root(&root(0), Instant::now());
    let again = begin(&mut waiting, 0);
    assert_eq!(told(&waiting.end(one)), (0, 0));
    assert_eq!(told(&waiting.end_of_root(&root(0), true)), (0, 0));
    assert_eq!(told(&waiting.end(other)), (0, 0));
    // Nor is it taken for another one.
    assert_eq!(told(&waiting.end(again)), (1, 0));
    assert_eq!(forget(&mut waiting), 0);
}

/// What happens to three traces.
#[derive(Debug, Clone)]
enum Event {
    Root(usize),
    /// One of the roots that have not ended, and whether it is kept.
    EndOfRoot(usize, bool),
    Begin(usize),
    /// One of the spans that have not ended.
    End(usize),
    /// So many others are kept that none of the three is remembered.
    Forget,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_usize..3).prop_map(Event::Root),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(which, keeps)| Event::EndOfRoot(which, keeps)),
        8 => (0_usize..3).prop_map(Event::Begin),
        8 => any::<usize>().prop_map(Event::End),
        1 => Just(Event::Forget),
    ]
}

/// What should come of a trace, by what is said of it to users: with a root that is kept goes what begins below it, and what
/// begins as long as it is remembered.
#[derive(Debug, Default)]
struct Expected {
    roots: usize,
    is_kept: bool,
    is_remembered: bool,
    /// How many spans began below roots that have not ended.
    undecided: u64,
    /// How many are to be sent or lost.
    due: u64,
}

impl Expected {
    fn root(&mut self) {
        if self.roots == 0 {
            self.is_kept = self.is_remembered;
        }
        self.roots += 1;
    }

    fn begin(&mut self) {
        if self.roots > 0 {
            self.undecided += 1;
        } else if self.is_remembered {
            self.due += 1;
        }
    }

    fn end_of_root(&mut self, keeps: bool) {
        self.roots -= 1;
        self.is_kept |= keeps;
        if self.is_kept {
            self.is_remembered = true;
            self.due += std::mem::take(&mut self.undecided);
        } else if self.roots == 0 {
            self.undecided = 0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever ends, is kept and is forgotten in whatever order: as many spans are sent and lost as belong to what is kept.
    #[test]
    fn every_span_of_what_is_kept_is_counted_once(events in prop::collection::vec(event(), 0..60)) {
        let mut waiting = Waiting::default();
        let mut expected: [Expected; 3] = Default::default();
        let (mut roots, mut open) = (Vec::<(usize, SpanContext)>::new(), Vec::<SpanData>::new());
        let (mut sent, mut lost) = (Vec::<SpanId>::new(), 0);
        // In the end everything ends, and nothing is remembered.
        let rest = [Event::End(0), Event::EndOfRoot(0, true)].into_iter().cycle().take(2 * events.len());
        for event in events.into_iter().chain(rest).chain([Event::Forget]) {
            let waited = match event {
                Event::Root(trace) => {
                    expected[trace].root();
                    let root = span(trace, 0).span_context;
                    waiting.root(&root, Instant::now());
                    roots.push((trace, root));
                    Waited::default()
                }
                Event::EndOfRoot(which, keeps) if !roots.is_empty() => {
                    let (trace, root) = roots.swap_remove(which % roots.len());
                    expected[trace].end_of_root(keeps);
                    waiting.end_of_root(&root, keeps)
                }
                Event::Begin(trace) => {
                    expected[trace].begin();
                    open.push(span(trace, 10));
                    waiting.begin(&open.last().unwrap().span_context)
                }
                Event::End(which) if !open.is_empty() => {
                    let span = open.swap_remove(which % open.len());
                    waiting.end(span)
                }
                Event::EndOfRoot(..) | Event::End(_) => Waited::default(),
                Event::Forget => {
                    for trace in &mut expected {
                        trace.is_remembered = false;
                    }
                    Waited::lost(forget(&mut waiting))
                }
            };
            lost += waited.lost;
            sent.extend(waited.spans.iter().map(|span| span.span_context.span_id()));
            is_consistent(&waiting);
        }
        let due: u64 = expected.iter().map(|trace| trace.due).sum();
        prop_assert_eq!(sent.len() as u64 + lost, due);
        prop_assert!(is_empty(&waiting) && waiting.open == 0);
        sent.sort_unstable_by_key(|span| span.to_bytes());
        let all = sent.len();
        sent.dedup();
        prop_assert_eq!(sent.len(), all, "one was sent twice");
    }
}
