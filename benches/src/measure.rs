//! Time and memory of one case.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crate::scheduled::waited;

/// What some work did to the heap of the thread it ran on.
///
/// A buffer that grows counts as a new one, and for a moment together with the one it replaces.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Heap {
    /// How many allocations it made.
    pub allocations: u64,
    /// How many bytes they had together.
    pub bytes: u64,
    /// How many bytes it held at most.
    pub peak: u64,
    /// How many bytes it left behind; negative when it freed what was there before.
    pub held: i64,
}

/// Does some work and counts its allocations. `None` without the feature `allocations`.
///
/// # Panics
///
/// Panics when the work does.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Option<Heap>) {
    #[cfg(feature = "allocations")]
    {
        let mut result = None;
        let info = allocation_counter::measure(|| result = Some(work()));
        let heap = Heap {
            allocations: info.count_total,
            bytes: info.bytes_total,
            peak: info.bytes_max,
            held: info.bytes_current,
        };
        (result.expect("the work was done"), Some(heap))
    }
    #[cfg(not(feature = "allocations"))]
    (work(), None)
}

pub(crate) type Work<'a> = dyn Fn(u64) + Sync + 'a;

/// What a round tells of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Nanoseconds a turn, of each thread.
    pub(crate) nanoseconds: f64,
    /// Whether a thread had to wait for a processor meanwhile, so that it was alone on one of ours for a while.
    pub(crate) disturbed: bool,
}

/// Does so many turns on each of so many threads at the same time.
pub(crate) fn sample(work: &Work<'_>, turns: u64, threads: usize) -> Sample {
    let start = Barrier::new(threads);
    let one = || {
        let before = waited();
        start.wait();
        let took = timed(work, turns);
        (took, waited().saturating_sub(before) > took / 50)
    };
    let all = if threads == 1 {
        vec![one()]
    } else {
        std::thread::scope(|scope| {
            let warmed = || {
                work(1); // what a thread does once is not part of a turn
                one()
            };
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(warmed)).collect();
            let done = all.into_iter().map(ScopedJoinHandle::join);
            done.map(|done| done.expect("a case panicked")).collect()
        })
    };
    let took: f64 = all.iter().map(|(took, _)| took.as_secs_f64()).sum();
    #[expect(clippy::cast_precision_loss, reason = "turns stay below 2^53")]
    let turns = turns as f64 * all.len() as f64;
    Sample {
        nanoseconds: took * 1e9 / turns,
        disturbed: all.iter().any(|(_, disturbed)| *disturbed),
    }
}

/// Finds how many turns take about this long.
pub(crate) fn turns_in(work: &Work<'_>, sample: Duration) -> u64 {
    let mut turns = 1;
    loop {
        // The best of three: a wait for a processor is no work.
        let took = (0..3).map(|_| timed(work, turns)).min().unwrap_or_default();
        if took * 2 >= sample {
            return turns;
        }
        turns *= if took * 20 < sample { 8 } else { 2 };
    }
}

fn timed(work: &Work<'_>, turns: u64) -> Duration {
    let start = Instant::now();
    work(black_box(turns));
    start.elapsed()
}
