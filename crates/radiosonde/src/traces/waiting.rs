//! What waits for the end of its request, within bounds.
//!
//! So many traces wait at once, with so many bytes each and in all. Room for a new one is found without looking at the others:
//! only the oldest is asked whether its time has passed. Of requests that find none, the spans are counted, so that those of which it
//! turns out that they should have been kept are known to be lost. Where even those are too many, all that begins counts as lost.
//!
//! Every span is counted once: with its trace while it is known by its id, or when it is given up, after which its end is nobody's.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use opentelemetry::trace::{SpanContext, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::export::weight_of;
use super::kept::Kept;
use super::open::Open;

/// Traces that are not sampled, and whose local roots have not ended.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    traces: HashMap<TraceId, Trace>,
    /// Those whose spans wait, by number, and so by age.
    by_age: BTreeMap<u64, TraceId>,
    next: u64,
    bytes: usize,
    /// How many spans are known that have not ended.
    open: usize,
    /// How many roots are known that have not ended.
    roots: usize,
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
    /// The local roots that have not ended: a trace may come to one service twice.
    roots: Open,
    /// How many there are beside, whose ids found no room.
    more_roots: usize,
    /// The spans below them that have not.
    open: Open,
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
    pub(super) fn root(&mut self, root: &SpanContext, now: Instant) {
        let trace_id = root.trace_id();
        if !self.traces.contains_key(&trace_id) {
            let place = self.place(trace_id, now);
            if place.is_none() && self.is_crowded() {
                self.unknown += 1;
                return;
            }
            let trace = Trace {
                place,
                kept: self.kept.has(trace_id),
                open: self.kept.reopen(trace_id),
                ..Trace::default()
            };
            self.traces.insert(trace_id, trace);
        }
        let Some(trace) = self.traces.get_mut(&trace_id) else {
            return;
        };
        if self.roots < MOST_ROOTS {
            trace.roots.begin(root.span_id());
            self.roots += 1;
        } else {
            trace.more_roots += 1;
        }
    }

    /// Takes note of a span that begins below a root. What is told of it already is that it is lost: it is one that cannot be known
    /// when it ends.
    pub(super) fn begin(&mut self, span: &SpanContext) -> Waited {
        let (trace_id, has_room) = (span.trace_id(), self.open < MOST_OPEN);
        if let Some(trace) = self.traces.get_mut(&trace_id) {
            if !has_room {
                trace.waited.lost += 1;
                return Waited::default();
            }
            trace.open.begin(span.span_id());
        } else if let Some(open) = self.kept.open(trace_id) {
            if !has_room {
                return Waited::lost(1);
            }
            open.begin(span.span_id());
        } else {
            // It may be of a root that will be kept, of which nothing is known.
            return Waited::lost(u64::from(self.unknown > 0));
        }
        self.open += 1;
        Waited::default()
    }

    /// Takes note of a span that ended below a root, and lets it wait. It is given back where there is nothing to wait for: its root
    /// has ended, and is kept.
    pub(super) fn end(&mut self, span: SpanData) -> Waited {
        let ids = &span.span_context;
        let mut trace = self.traces.get_mut(&ids.trace_id());
        let open = match &mut trace {
            Some(trace) => Some(&mut trace.open),
            None => self.kept.open(ids.trace_id()),
        };
        if !open.is_some_and(|open| open.end(ids.span_id())) {
            return Waited::default();
        }
        self.open -= 1;
        let Some(trace) = trace else {
            return Waited::of(span);
        };
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
    pub(super) fn end_of_root(&mut self, root: &SpanContext, keeps: bool) -> Waited {
        let trace_id = root.trace_id();
        let Some(trace) = self.traces.get_mut(&trace_id) else {
            self.unknown = self.unknown.saturating_sub(1);
            return Waited::lost(if keeps {
                self.remember(trace_id, Open::default())
            } else {
                0
            });
        };
        if trace.roots.end(root.span_id()) {
            self.roots -= 1;
        } else if trace.more_roots > 0 {
            trace.more_roots -= 1;
        } else {
            // Nothing could be known of it when it began.
            self.unknown = self.unknown.saturating_sub(1);
        }
        trace.kept |= keeps;
        let is_last = trace.roots.len() == 0 && trace.more_roots == 0;
        let is_kept = trace.kept;
        let mut waited = Waited::default();
        if keeps || is_last {
            waited = std::mem::take(&mut trace.waited);
            self.bytes -= waited.bytes;
        }
        let open = is_last.then(|| self.remove(trace_id));
        let open = open.unwrap_or_default();
        if !is_kept {
            self.open -= open.len();
            return Waited::default();
        }
        waited.lost += self.remember(trace_id, open);
        waited
    }

    /// Remembers a trace that is kept, and returns how many spans are lost with one that is forgotten for it.
    fn remember(&mut self, trace_id: TraceId, open: Open) -> u64 {
        let lost = self.kept.remember(trace_id, open).len();
        self.open -= lost;
        lost as u64
    }

    /// Removes a trace that waits for nothing, and returns what of it has not ended.
    fn remove(&mut self, trace_id: TraceId) -> Open {
        let Some(Trace { place, open, .. }) = self.traces.remove(&trace_id) else {
            return Open::default();
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

/// How many roots are known, where traces come more than once.
const MOST_ROOTS: usize = 2 * (MOST_TRACES + MOST_CROWDED);

/// How many spans are known that have not ended.
const MOST_OPEN: usize = 32_768;

/// How many bytes wait.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// How many bytes of one trace wait, so that one alone does not take the room of all.
const MOST_BYTES_OF_ONE: usize = MOST_BYTES / 8;

/// A request that takes longer is not waited for when there is no room for others.
const OLD: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests;
