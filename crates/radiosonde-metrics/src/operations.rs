//! Operations: what begins, and ends in one of few ways after some time.
//!
//! Four metrics tell of a request: how many ended and how, how many failed, how long they took, and how many are in flight. All
//! of them follow from two notes, one when it begins and one when it ends. [`Operations`] takes these, in one cell for each
//! thread, and the instruments that tell of them add them up when they are read.

use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cells::{Distribution, Loan, OperationCell, Sharded};
use crate::exemplar::SampledSpan;
use crate::exponential::Exponential;
use crate::{Counter, Histogram, UpDownCounter};

/// Operations of one kind. Clones are the same operations.
///
/// Beginning and ending takes no lock and allocates nothing, but for the first time that a thread does it, or ends one
/// in a way that is new to it. It may end on another thread than it began.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, HTTP_REQUEST_DURATION, HTTP_REQUESTS};
/// use radiosonde_metrics::{Ending, Operations, Registry};
///
/// let registry = Registry::new();
/// let (active, requests) = (registry.up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"]), Operations::new());
/// active.count_active(&requests);
///
/// requests.begin();
/// assert_eq!(active.value(), 1);
/// requests.end(200, 3_000_000, None, || {
///     Ending::new(registry.histogram(&HTTP_REQUEST_DURATION, &["GET", "/", "200"]))
///         .counted_by(registry.counter(&HTTP_REQUESTS, &["GET", "/", "200", "ok"]))
/// });
/// assert_eq!(active.value(), 0);
/// assert!(registry.render().contains("http_request_duration_seconds_count{method=\"GET\",route=\"/\",status=\"200\"} 1\n"));
/// ```
#[derive(Debug, Clone)]
pub struct Operations {
    cells: Sharded<OperationCell>,
    endings: Arc<Mutex<Endings>>,
}

/// Names a way in which operations end. What it means is up to who ends them.
pub type EndingId = u32;

type Endings = Vec<(EndingId, Arc<Ending>)>;

/// Which instruments tell of operations that ended in one way.
#[derive(Debug)]
pub struct Ending {
    times: Histogram,
    counters: Vec<Counter>,
}

impl Operations {
    /// Makes operations that no instrument tells of yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cells: Sharded::new(OperationCell::default()),
            endings: Arc::default(),
        }
    }

    /// Returns the part that this thread takes note in, so that it need not look for it each time. `None` where it has none: on a
    /// thread that is ending, and where 64 others have one.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, HTTP_REQUEST_DURATION};
    /// use radiosonde_metrics::{Ending, Operations, Registry};
    ///
    /// let registry = Registry::new();
    /// let (active, requests) = (registry.up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"]), Operations::new());
    /// active.count_active(&requests);
    ///
    /// if let Some(part) = requests.part() {
    ///     part.begin();
    ///     assert_eq!(active.value(), 1);
    ///     requests.end_in(&part, 200, 3_000_000, None, || {
    ///         Ending::new(registry.histogram(&HTTP_REQUEST_DURATION, &["GET", "/", "200"]))
    ///     });
    /// }
    /// assert_eq!(active.value(), 0);
    /// ```
    #[must_use]
    pub fn part(&self) -> Option<OperationsPart> {
        let loan = self.cells.loan()?;
        Some(OperationsPart {
            cell: loan.cell().clone(),
            _loan: loan,
        })
    }

    /// Takes note of one that begins.
    #[inline]
    pub fn begin(&self) {
        self.cells.write(OperationCell::begin);
    }

    /// Takes note of one that ends, and how many nanoseconds it took. Its `span` is offered as an exemplar.
    ///
    /// `make` says which instruments tell of those that end in this way. It is asked when the first one does, for all
    /// threads; past 64 ways for each one that ends in another. It may be asked in vain.
    #[inline]
    pub fn end(
        &self,
        id: EndingId,
        nanoseconds: u64,
        span: Option<SampledSpan>,
        make: impl FnOnce() -> Ending,
    ) {
        let write = |note: &dyn Fn(&OperationCell)| self.cells.write(note);
        if !self.cells.write(|cell| cell.end(id, nanoseconds, span)) {
            self.end_first(write, id, nanoseconds, span, make);
        }
    }

    /// Takes note of one that ends, as [`end`](Self::end) does, in a [part](Self::part) of these operations.
    #[inline]
    pub fn end_in(
        &self,
        part: &OperationsPart,
        id: EndingId,
        nanoseconds: u64,
        span: Option<SampledSpan>,
        make: impl FnOnce() -> Ending,
    ) {
        let write = |note: &dyn Fn(&OperationCell)| note(&part.cell);
        if !part.cell.end(id, nanoseconds, span) {
            self.end_first(write, id, nanoseconds, span, make);
        }
    }

    #[cold]
    fn end_first(
        &self,
        write: impl FnOnce(&dyn Fn(&OperationCell)),
        id: EndingId,
        nanoseconds: u64,
        span: Option<SampledSpan>,
        make: impl FnOnce() -> Ending,
    ) {
        match self.find_or_keep(id, make) {
            Ok(ending) => write(&|cell| cell.end_in(id, &ending, nanoseconds, span)),
            Err(ending) => {
                ending.record(seconds(nanoseconds), span);
                write(&OperationCell::end_apart);
            }
        }
    }

    /// Returns an ending that is kept, or gives back the one that was made when there are too many.
    fn find_or_keep(
        &self,
        id: EndingId,
        make: impl FnOnce() -> Ending,
    ) -> Result<Arc<Ending>, Ending> {
        let known = find(&self.endings(), id);
        // Without a lock: it asks the registry, which may log.
        known.map_or_else(|| self.keep(id, make()), Ok)
    }

    /// Keeps an ending unless another thread was first, or gives it back when there are too many.
    fn keep(&self, id: EndingId, ending: Ending) -> Result<Arc<Ending>, Ending> {
        let mut endings = self.endings();
        if let Some(known) = find(&endings, id) {
            return Ok(known);
        }
        if endings.len() >= MOST_ENDINGS {
            return Err(ending);
        }
        let ending = Arc::new(ending);
        endings.push((id, ending.clone()));
        // Under the lock, so that each is connected once.
        ending.tell_of(&Ended {
            cells: self.cells.clone(),
            id,
        });
        Ok(ending)
    }

    fn endings(&self) -> MutexGuard<'_, Endings> {
        self.endings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Operations {
    fn default() -> Self {
        Self::new()
    }
}

/// The part of [`Operations`] that a thread takes note in; see [`Operations::part`].
///
/// An operation that began in one part may end in another. What was noted stays when this is dropped, and when the thread ends.
pub struct OperationsPart {
    cell: Arc<OperationCell>,
    // What makes this thread the one writer.
    _loan: Rc<Loan<OperationCell>>,
}

impl OperationsPart {
    /// Takes note of one that begins.
    #[inline]
    pub fn begin(&self) {
        self.cell.begin();
    }
}

impl std::fmt::Debug for OperationsPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperationsPart").finish_non_exhaustive()
    }
}

/// Returns a time in seconds, as histograms have it.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "exact for a hundred days")]
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    // Signed numbers are converted for less, and three centuries fit into them.
    nanoseconds.min(i64::MAX as u64).cast_signed() as f64 / 1e9
}

impl UpDownCounter {
    /// Lets the number include operations that have begun and not ended.
    pub fn count_active(&self, operations: &Operations) {
        self.add_part(Active(operations.cells.clone()));
    }
}

impl Ending {
    /// Makes an ending whose times are in this histogram, in seconds.
    #[must_use]
    pub fn new(times: Histogram) -> Self {
        Self {
            times,
            counters: Vec::new(),
        }
    }

    /// Adds a counter of operations that end so.
    #[must_use]
    pub fn counted_by(mut self, counter: Counter) -> Self {
        self.counters.push(counter);
        self
    }

    pub(crate) fn times(&self) -> &Histogram {
        &self.times
    }

    fn tell_of(&self, ended: &Ended) {
        self.times.add_part(ended);
        for counter in &self.counters {
            counter.add_part(ended.clone());
        }
    }

    /// Records one operation into the instruments themselves.
    fn record(&self, seconds: f64, span: Option<SampledSpan>) {
        self.times.record_in(seconds, span);
        for counter in &self.counters {
            counter.increment(1);
        }
    }
}

fn find(endings: &Endings, id: EndingId) -> Option<Arc<Ending>> {
    let known = endings.iter().find(|(known, _)| *known == id);
    known.map(|(_, ending)| ending.clone())
}

/// Operations that ended in one way, as a part of a counter or a histogram.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    cells: Sharded<OperationCell>,
    id: EndingId,
}

impl Ended {
    pub(crate) fn count(&self) -> u64 {
        let mut count = 0_u64;
        self.cells
            .read(|cell| count = count.wrapping_add(cell.count(self.id)));
        count
    }

    pub(crate) fn add_to(&self, total: &mut Distribution) {
        self.cells.read(|cell| cell.add_to(self.id, total));
    }

    pub(crate) fn add_to_exponential(&self, total: &mut Exponential) {
        self.cells
            .read(|cell| cell.add_to_exponential(self.id, total));
    }
}

/// Operations that have not ended, as a part of an up-down counter.
#[derive(Debug)]
pub(crate) struct Active(Sharded<OperationCell>);

impl Active {
    pub(crate) fn ended(&self) -> u64 {
        let mut ended = 0_u64;
        self.0.read(|cell| ended = ended.wrapping_add(cell.ended()));
        ended
    }

    pub(crate) fn begun(&self) -> u64 {
        let mut begun = 0_u64;
        self.0.read(|cell| begun = begun.wrapping_add(cell.begun()));
        begun
    }
}

/// More than the statuses that a route answers with, times the ways in which a request ends.
const MOST_ENDINGS: usize = 64;

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::Bounds;
    use crate::refusals::RefusedValues;

    const NANOSECONDS: u64 = 1_500_000_000;

    fn histogram(bounds: Bounds) -> Histogram {
        Histogram::new(bounds, None, RefusedValues::default())
    }

    fn ending(times: &Histogram, count: &Counter) -> Ending {
        Ending::new(times.clone()).counted_by(count.clone())
    }

    #[test]
    fn what_ends_is_counted_and_timed_and_no_longer_active() {
        for bounds in [Bounds::new([1.0, 2.0]).unwrap(), Bounds::exponential()] {
            let (times, count) = (histogram(bounds), Counter::default());
            let (operations, active) = (Operations::new(), UpDownCounter::default());
            active.count_active(&operations);
            for _ in 0..3 {
                operations.begin();
            }
            operations.end(7, NANOSECONDS, None, || ending(&times, &count));
            operations.end(7, NANOSECONDS, None, || unreachable!("it is known"));
            assert_eq!((active.value(), count.value()), (1, 2));
            assert_eq!((times.count(), times.sum()), (2, 3.0));
        }
    }

    #[test]
    fn instruments_tell_of_all_endings_that_name_them_and_of_what_they_record() {
        let (times, all) = (histogram(Bounds::new([1.0]).unwrap()), Counter::default());
        let [some, others] = [Counter::default(), Counter::default()];
        let operations = Operations::new();
        for (id, count, times_ended) in [(0, &some, 2), (1, &others, 3)] {
            for _ in 0..times_ended {
                let make = || ending(&times, count).counted_by(all.clone());
                operations.end(id, NANOSECONDS, None, make);
            }
        }
        all.increment(10);
        times.record(0.5);
        let counts = [&some, &others, &all].map(Counter::value);
        assert_eq!((counts, times.read().buckets), ([2, 3, 15], vec![1, 5]));
    }

    #[test]
    fn past_the_bound_of_endings_nothing_is_lost_and_none_is_kept() {
        let operations = Operations::new();
        let (times, count) = (histogram(Bounds::default()), Counter::default());
        let active = UpDownCounter::default();
        active.count_active(&operations);
        for id in 0..100 {
            for _ in 0..2 {
                operations.begin();
                operations.end(id, NANOSECONDS, None, || ending(&times, &count));
            }
        }
        assert_eq!(
            (count.value(), times.count(), active.value()),
            (200, 200, 0)
        );
        assert_eq!(operations.endings().len(), MOST_ENDINGS);
    }

    #[test]
    fn threads_that_end_the_first_of_a_kind_at_once_connect_its_instruments_once() {
        let operations = Operations::new();
        let (times, count) = (histogram(Bounds::default()), Counter::default());
        let active = UpDownCounter::default();
        active.count_active(&operations);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    for turn in 0..1_000 {
                        operations.begin();
                        operations.end(turn % 70, NANOSECONDS, None, || ending(&times, &count));
                        assert!(active.value() >= 0);
                    }
                });
            }
        });
        assert_eq!(
            (count.value(), times.count(), active.value()),
            (4_000, 4_000, 0)
        );
    }

    #[test]
    fn what_threads_note_in_their_parts_stays_and_their_cells_are_used_again() {
        let operations = &Operations::new();
        let (times, count) = &(histogram(Bounds::default()), Counter::default());
        let active = UpDownCounter::default();
        active.count_active(operations);
        let note = |id| {
            let part = operations.part().expect("few threads have one");
            // What began in a part may end without one, and the other way round.
            part.begin();
            operations.begin();
            operations.end(id, NANOSECONDS, None, || ending(times, count));
            operations.end_in(&part, id, NANOSECONDS, None, || ending(times, count));
            let again = operations.part().expect("it has one");
            assert!(Arc::ptr_eq(&part.cell, &again.cell));
        };
        // Some ways to end are past the bound.
        for id in 0..100 {
            thread::scope(|scope| scope.spawn(|| note(id)).join()).unwrap();
        }
        assert_eq!(
            (count.value(), times.count(), active.value()),
            (200, 200, 0)
        );
        let mut cells = 0;
        operations.cells.read(|_| cells += 1);
        assert_eq!(
            cells, 2,
            "that of the threads, and that of those without one"
        );
    }

    #[test]
    fn threads_past_the_bound_have_no_part() {
        let operations = &Operations::new();
        let all_there = &Barrier::new(70);
        let with_part = thread::scope(|scope| {
            let look = || {
                let part = operations.part();
                all_there.wait();
                part.is_some()
            };
            let threads: Vec<_> = (0..70).map(|_| scope.spawn(look)).collect();
            let threads = threads.into_iter();
            threads
                .map(|thread| thread.join().unwrap())
                .filter(|has| *has)
                .count()
        });
        assert_eq!(with_part, 64);
        assert!(operations.part().is_some(), "those have given theirs back");
    }

    #[test]
    fn a_part_outlives_the_table_of_its_thread() {
        struct AtTheEnd(Operations, OperationsPart);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                self.1.begin();
                self.0.begin();
            }
        }
        thread_local! {
            static LAST: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) };
        }
        let (operations, active) = (Operations::new(), UpDownCounter::default());
        active.count_active(&operations);
        for _ in 0..2 {
            let operations = operations.clone();
            let work = move || {
                // Before or after the table, whichever is destroyed first.
                LAST.with(|_| ());
                let part = operations.part().unwrap();
                LAST.set(Some(AtTheEnd(operations, part)));
            };
            thread::spawn(work).join().unwrap();
        }
        assert_eq!(active.value(), 4);
    }

    #[test]
    fn an_operation_in_a_sampled_span_is_an_exemplar() {
        let span = SampledSpan::new([1; 16], [2; 8]);
        let bounds = Bounds::new([1.0]).unwrap();
        let times = Histogram::new(bounds, Some(|| None), RefusedValues::default());
        let operations = Operations::new();
        operations.end(0, NANOSECONDS, Some(span), || Ending::new(times.clone()));
        let exemplars = times.exemplars();
        assert_eq!(exemplars[1].map(|exemplar| exemplar.span), Some(span));
    }
}
