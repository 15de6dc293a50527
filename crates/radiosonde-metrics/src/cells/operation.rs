//! A part of what is known of operations: how many began, and how those that ended did.

use std::sync::{Arc, OnceLock};
use std::thread::LocalKey;

use super::{Cell, Distribution, DistributionCell, ExponentialCell, Table};
use crate::Bounds;
use crate::exemplar::SampledSpan;
use crate::exponential::Exponential;
use crate::operations::{Ending, EndingId, seconds};
use crate::sync::AtomicU64;
use crate::sync::Ordering::{Acquire, Relaxed, Release};

/// What one thread saw of operations. One that began on a thread may end on another.
///
/// The ways in which they ended stand in a chain that only grows, the first one seen first: nearly all operations of one kind
/// end the same way. As those of a [count](super::CountCell), they have a cache line for themselves.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct OperationCell {
    begun: AtomicU64,
    /// Those that ended and whose times are not kept here.
    others: AtomicU64,
    first: Link,
}

type Link = OnceLock<Box<Ended>>;

/// Operations that ended in one way.
#[derive(Debug)]
struct Ended {
    id: EndingId,
    ending: Arc<Ending>,
    bounds: Bounds,
    /// The limit of the first bucket, if buckets have limits.
    shortest: f64,
    times: Times,
    next: Link,
}

#[derive(Debug)]
enum Times {
    Explicit(DistributionCell),
    Exponential(ExponentialCell),
}

impl OperationCell {
    /// Takes note of one that begins. For the one writer.
    #[inline]
    pub(crate) fn begin(&self) {
        add_one(&self.begun);
    }

    /// Takes note of one that ends, and returns whether operations have ended this way here before. For the one writer.
    #[inline]
    pub(crate) fn end(&self, id: EndingId, nanoseconds: u64, span: Option<SampledSpan>) -> bool {
        let mut link = &self.first;
        while let Some(ended) = link.get() {
            if ended.id == id {
                ended.record(nanoseconds, span);
                return true;
            }
            link = &ended.next;
        }
        false
    }

    /// Takes note of one that ends, in a way that may be new here. For the one writer.
    pub(crate) fn end_in(
        &self,
        id: EndingId,
        ending: &Arc<Ending>,
        nanoseconds: u64,
        span: Option<SampledSpan>,
    ) {
        let mut link = &self.first;
        loop {
            let ended = link.get_or_init(|| Box::new(Ended::new(id, ending.clone())));
            if ended.id == id {
                return ended.record(nanoseconds, span);
            }
            link = &ended.next;
        }
    }

    /// Takes note of one that ends, and of nothing else. For the one writer.
    pub(crate) fn end_apart(&self) {
        let others = self.others.load(Relaxed);
        // Whoever sees this end sees what happened before it, the beginning included.
        self.others.store(others.wrapping_add(1), Release);
    }

    /// Returns how many began.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// Returns how many ended. Whoever sees an end sees the beginning, too, if they look for it after this.
    pub(crate) fn ended(&self) -> u64 {
        let counts = self.chain().map(|ended| ended.times.count());
        counts.fold(self.others.load(Acquire), u64::wrapping_add)
    }

    /// Returns how many ended in this way.
    pub(crate) fn count(&self, id: EndingId) -> u64 {
        self.of(id).map_or(0, Times::count)
    }

    /// Adds how long those took that ended in this way, if buckets have limits.
    pub(crate) fn add_to(&self, id: EndingId, total: &mut Distribution) {
        if let Some(Times::Explicit(cell)) = self.of(id) {
            cell.add_to(total);
        }
    }

    /// Adds how long those took that ended in this way, if buckets follow the values.
    pub(crate) fn add_to_exponential(&self, id: EndingId, total: &mut Exponential) {
        if let Some(Times::Exponential(cell)) = self.of(id) {
            cell.add_to(total);
        }
    }

    fn of(&self, id: EndingId) -> Option<&Times> {
        let mut chain = self.chain();
        chain.find(|ended| ended.id == id).map(|ended| &ended.times)
    }

    fn chain(&self) -> impl Iterator<Item = &Ended> {
        let boxed = std::iter::successors(self.first.get(), |ended| ended.next.get());
        boxed.map(AsRef::as_ref)
    }
}

impl Ended {
    fn new(id: EndingId, ending: Arc<Ending>) -> Self {
        let bounds = ending.times().bounds().clone();
        let times = if bounds.is_exponential() {
            Times::Exponential(ExponentialCell::new())
        } else {
            Times::Explicit(DistributionCell::new(bounds.limits().len() + 1))
        };
        Self {
            id,
            ending,
            shortest: bounds.limits().first().copied().unwrap_or_default(),
            bounds,
            times,
            next: OnceLock::new(),
        }
    }

    #[inline]
    fn record(&self, nanoseconds: u64, span: Option<SampledSpan>) {
        let seconds = seconds(nanoseconds);
        match &self.times {
            Times::Explicit(cell) => cell.record(self.bucket(seconds), seconds),
            Times::Exponential(cell) => cell.record(seconds),
        }
        if let Some(span) = span {
            self.ending.times().offer(seconds, span);
        }
    }

    /// Returns the bucket of a time. Most are the shortest ones, and are known by one comparison.
    #[inline]
    fn bucket(&self, seconds: f64) -> usize {
        if seconds <= self.shortest {
            0
        } else {
            self.bounds.bucket(seconds)
        }
    }
}

impl Times {
    fn count(&self) -> u64 {
        match self {
            Self::Explicit(cell) => cell.count(),
            Self::Exponential(cell) => cell.count(),
        }
    }
}

impl Cell for OperationCell {
    type Part = std::convert::Infallible;

    fn table() -> &'static LocalKey<Table<Self>> {
        thread_local! {
            static TABLE: Table<OperationCell> = const { Table::new() };
        }
        &TABLE
    }

    fn fresh(&self) -> Self {
        Self::default()
    }
}

fn add_one(count: &AtomicU64) {
    count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::sync::{Arc as Shared, Mutex};
    use loom::thread;

    use super::*;
    use crate::{Bounds, Histogram};

    #[test]
    fn what_begins_on_one_thread_and_ends_on_another_is_never_less_than_nothing() {
        let mut model = loom::model::Builder::new();
        // All orders of three threads take minutes. Mistakes show when few of the switches are forced.
        model.preemption_bound = Some(2);
        model.check(|| {
            let ending = Arc::new(Ending::new(Histogram::unregistered(
                Bounds::new([1.0]).unwrap(),
            )));
            let cells = Shared::new([OperationCell::default(), OperationCell::default()]);
            // The thread has seen this ending before.
            cells[1].begin();
            cells[1].end_in(1, &ending, 0, None);
            let handed_over = Shared::new(AtomicBool::new(false));
            let ender = {
                let (cells, handed_over) = (cells.clone(), handed_over.clone());
                thread::spawn(move || {
                    if handed_over.load(Ordering::Acquire) {
                        cells[1].end(1, 0, None);
                    }
                })
            };
            // The reader is the last one that is spawned: otherwise, the model does not try every order.
            let reader = {
                let cells = cells.clone();
                thread::spawn(move || active(&*cells))
            };
            cells[0].begin();
            handed_over.store(true, Ordering::Release);
            ender.join().unwrap();
            let (begun, ended) = reader.join().unwrap();
            assert!(begun >= ended, "{begun} began and {ended} ended");
        });
    }

    /// A request in flight as the layer hands it on, from the future of its head to its body: it ends once, when it is closed, or
    /// else when it is dropped.
    struct Open {
        cells: Shared<[OperationCell; 3]>,
        ending: Arc<Ending>,
        /// The cell of the thread that has it.
        cell: usize,
        closed: bool,
    }

    impl Open {
        fn close(&mut self) {
            self.closed = true;
            self.cells[self.cell].end_in(1, &self.ending, 0, None);
        }
    }

    impl Drop for Open {
        fn drop(&mut self) {
            if !self.closed {
                self.close();
            }
        }
    }

    #[test]
    fn a_request_that_is_handed_from_its_future_to_its_body_ends_once_whoever_has_it() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let cells = || {
                [
                    OperationCell::default(),
                    OperationCell::default(),
                    OperationCell::default(),
                ]
            };
            let cells = Shared::new(cells());
            let bounds = Bounds::new([1.0]).unwrap();
            let ending = Arc::new(Ending::new(Histogram::unregistered(bounds)));
            // What a runtime keeps of a connection: one thread at a time has it, and finds what the one before left.
            let task = Shared::new(Mutex::new(None::<Open>));
            // Each thread has seen this ending before.
            for cell in &*cells {
                cell.begin();
                cell.end_in(1, &ending, 0, None);
            }
            cells[0].begin();
            // A thread that sends the body, and the one that finds that the client has left. Either may come first, or before the head.
            let sends = {
                let task = task.clone();
                thread::spawn(move || {
                    if let Some(open) = &mut *task.lock().unwrap() {
                        open.cell = 1;
                        if !open.closed {
                            open.close();
                        }
                    }
                })
            };
            let reader = {
                let cells = cells.clone();
                thread::spawn(move || active(&*cells))
            };
            let open = Open {
                cells: cells.clone(),
                ending,
                cell: 0,
                closed: false,
            };
            *task.lock().unwrap() = Some(open);
            if let Some(mut left) = task.lock().unwrap().take() {
                left.cell = 2;
            }
            sends.join().unwrap();
            let (begun, ended) = reader.join().unwrap();
            assert!(begun >= ended, "{begun} began and {ended} ended");
            drop(task);
            assert_eq!(active(&*cells), (4, 4));
        });
    }

    /// How many began and ended, read as whoever asks for those in flight reads it.
    fn active(cells: &[OperationCell]) -> (u64, u64) {
        let ended = cells.iter().map(OperationCell::ended).sum();
        (cells.iter().map(OperationCell::begun).sum(), ended)
    }
}
