//! A part of an exponential histogram.

use std::sync::OnceLock;
use std::thread::LocalKey;

use super::scale::{MAX_SCALE, ZERO_THRESHOLD, index};
use super::version::Version;
use super::{Cell, Table};
use crate::exponential::{Exponential, ExponentialBuckets, MOST_BUCKETS};
use crate::operations::Ended;
use crate::sync::AtomicU64;
use crate::sync::Ordering::Relaxed;

/// A part of an exponential histogram. Its buckets grow coarser as its values spread, so it never grows itself.
#[derive(Debug)]
pub(crate) struct ExponentialCell {
    version: Version,
    /// An `i64`.
    scale: AtomicU64,
    /// The bits of an `f64`.
    sum: AtomicU64,
    zeros: AtomicU64,
    positive: Run,
    /// Made for the first value below zero, as most histograms have none.
    negative: OnceLock<Run>,
}

impl ExponentialCell {
    pub(crate) fn new() -> Self {
        Self {
            version: Version::default(),
            scale: AtomicU64::new(i64::from(MAX_SCALE).cast_unsigned()),
            sum: AtomicU64::new(0),
            zeros: AtomicU64::new(0),
            positive: Run::new(),
            negative: OnceLock::new(),
        }
    }

    /// Records a finite value. For its one writer.
    pub(crate) fn record(&self, value: f64) {
        let magnitude = value.abs();
        let run = match value {
            _ if magnitude <= ZERO_THRESHOLD => None,
            0.0.. => Some(&self.positive),
            _ => Some(self.negative.get_or_init(Run::new)),
        };
        self.version.write(|| {
            match run {
                Some(run) => self.put(run, index(magnitude)),
                None => add(&self.zeros, 1),
            }
            let sum = f64::from_bits(self.sum.load(Relaxed)) + value;
            self.sum.store(sum.to_bits(), Relaxed);
        });
    }

    /// Counts a value whose index is that of the finest scale.
    fn put(&self, run: &Run, finest: i64) {
        let scale = self.scale.load(Relaxed).cast_signed();
        let index = finest >> (i64::from(MAX_SCALE) - scale);
        let coarser = run.coarser_for(index);
        if coarser > 0 {
            self.positive.coarsen(coarser);
            if let Some(negative) = self.negative.get() {
                negative.coarsen(coarser);
            }
            let scale = scale - i64::from(coarser);
            self.scale.store(scale.cast_unsigned(), Relaxed);
        }
        run.increment(index >> coarser);
    }

    /// Returns how many values there are. Whoever sees a value sees what happened before it was recorded.
    pub(crate) fn count(&self) -> u64 {
        self.version.read(|| {
            let negative = self.negative.get();
            let runs = [Some(&self.positive), negative].into_iter().flatten();
            let counts = runs.flat_map(|run| &run.counts);
            let counts = counts.map(|count| count.load(Relaxed));
            counts.fold(self.zeros.load(Relaxed), u64::wrapping_add)
        })
    }

    /// Adds what was recorded to `total`.
    pub(crate) fn add_to(&self, total: &mut Exponential) {
        total.add(self.version.read(|| self.copy()).into_reading());
    }

    /// Reads everything, at the risk of reading it torn.
    fn copy(&self) -> Copied {
        Copied {
            scale: self.scale.load(Relaxed).cast_signed(),
            sum: f64::from_bits(self.sum.load(Relaxed)),
            zeros: self.zeros.load(Relaxed),
            positive: self.positive.copy(),
            negative: self.negative.get().map(Run::copy),
        }
    }
}

impl Cell for ExponentialCell {
    type Part = Ended;

    fn table() -> &'static LocalKey<Table<Self>> {
        thread_local! {
            static TABLE: Table<ExponentialCell> = const { Table::new() };
        }
        &TABLE
    }

    fn fresh(&self) -> Self {
        Self::new()
    }
}

/// The buckets of one sign, from the lowest to the highest that was needed. The bucket of an index is in the place that
/// the index has modulo their number, so that none moves when others are added before it.
#[derive(Debug)]
struct Run {
    /// An `i64`, above `high` as long as there is no value.
    low: AtomicU64,
    /// An `i64`.
    high: AtomicU64,
    counts: Box<[AtomicU64]>,
}

impl Run {
    fn new() -> Self {
        Self {
            low: AtomicU64::new(i64::MAX.cast_unsigned()),
            high: AtomicU64::new(i64::MIN.cast_unsigned()),
            counts: (0..MOST_BUCKETS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn range(&self) -> (i64, i64) {
        let (low, high) = (self.low.load(Relaxed), self.high.load(Relaxed));
        (low.cast_signed(), high.cast_signed())
    }

    fn set_range(&self, low: i64, high: i64) {
        self.low.store(low.cast_unsigned(), Relaxed);
        self.high.store(high.cast_unsigned(), Relaxed);
    }

    /// Returns by how many scales the buckets must grow coarser before one of this index fits among them.
    fn coarser_for(&self, index: i64) -> u32 {
        let (low, high) = self.range();
        let (low, high) = (low.min(index), high.max(index));
        let mut by = 0;
        while (high >> by) - (low >> by) >= i64::from(MOST_BUCKETS) {
            by += 1;
        }
        by
    }

    fn coarsen(&self, by: u32) {
        let (low, high) = self.range();
        if low > high {
            return;
        }
        let mut fine = [0; MOST_BUCKETS as usize];
        for (fine, count) in fine.iter_mut().zip(&self.counts) {
            *fine = count.load(Relaxed);
            count.store(0, Relaxed);
        }
        for index in low..=high {
            add(&self.counts[place(index >> by)], fine[place(index)]);
        }
        self.set_range(low >> by, high >> by);
    }

    fn increment(&self, index: i64) {
        let (low, high) = self.range();
        if index < low || index > high {
            self.set_range(low.min(index), high.max(index));
        }
        add(&self.counts[place(index)], 1);
    }

    fn copy(&self) -> CopiedRun {
        CopiedRun {
            range: self.range(),
            counts: self
                .counts
                .iter()
                .map(|count| count.load(Relaxed))
                .collect(),
        }
    }
}

/// Adds to what only this thread writes.
fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
}

/// Returns where the bucket of this index is.
fn place(index: i64) -> usize {
    usize::try_from(index.rem_euclid(i64::from(MOST_BUCKETS))).unwrap_or_default()
}

/// A copy of a cell, not yet known to be whole, and so not looked into.
struct Copied {
    scale: i64,
    sum: f64,
    zeros: u64,
    positive: CopiedRun,
    negative: Option<CopiedRun>,
}

#[derive(Default)]
struct CopiedRun {
    range: (i64, i64),
    counts: Vec<u64>,
}

impl Copied {
    fn into_reading(self) -> Exponential {
        Exponential {
            scale: narrow(self.scale),
            sum: self.sum,
            zeros: self.zeros,
            positive: self.positive.into_buckets(),
            negative: self
                .negative
                .map_or_else(ExponentialBuckets::default, CopiedRun::into_buckets),
        }
    }
}

impl CopiedRun {
    fn into_buckets(self) -> ExponentialBuckets {
        let (low, high) = self.range;
        if low > high {
            return ExponentialBuckets::default();
        }
        let counts = (low..=high).map(|index| self.counts[place(index)]);
        ExponentialBuckets::new(narrow(low), counts.collect())
    }
}

/// Scales and indices fit: an index is below 2^19.
fn narrow(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(cells: &[ExponentialCell]) -> Exponential {
        let mut total = Exponential::empty();
        for cell in cells {
            cell.add_to(&mut total);
        }
        total
    }

    fn recorded(values: &[f64]) -> Exponential {
        let cell = ExponentialCell::new();
        for value in values {
            cell.record(*value);
        }
        read(&[cell])
    }

    /// How many magnitudes lie in each bucket, found by the limits of the data model rather than by an index.
    fn counted(values: &[f64], scale: i32, buckets: &ExponentialBuckets) -> Vec<u64> {
        let limit = |index: i32| (f64::from(index) * 2_f64.powi(-scale)).exp2();
        let holds = |index: i32, value: f64| value > limit(index) && value <= limit(index + 1);
        let count = |index| values.iter().filter(|value| holds(index, **value)).count() as u64;
        (buckets.offset..)
            .take(buckets.counts.len())
            .map(count)
            .collect()
    }

    #[test]
    fn near_values_are_told_apart_finely_and_far_ones_coarsely() {
        assert_eq!(recorded(&[1.0, 1.25]).scale, 8);
        assert_eq!(recorded(&[0.001, 0.1, 10.0]).scale, 3);
        let widest = recorded(&[f64::MAX, ZERO_THRESHOLD.next_up(), 1.0]);
        assert_eq!((widest.scale, widest.count()), (-3, 3));
        assert!(widest.positive.counts.len() <= 160);
    }

    #[test]
    fn each_sign_has_its_buckets_and_zero_its_own() {
        let reading = recorded(&[3.0, -3.0, -5.0, 0.0, -0.0, 1e-300]);
        assert_eq!(reading.zeros, 3);
        assert_eq!(reading.positive.counts.iter().sum::<u64>(), 1);
        assert_eq!(reading.negative.counts.iter().sum::<u64>(), 2);
        assert_eq!((reading.count(), reading.sum), (6, -5.0 + 1e-300));
    }

    /// Values that spread by up to so many of the finest buckets, each well within one of them: the limits, and so
    /// those of coarser buckets, are powers that a check can only compute roughly.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        let value =
            |from: i32, width: i32| (from..from + width, 0.1..0.9_f64, prop::bool::weighted(0.8));
        let values = (-15_000..15_000, 2_u32..15).prop_flat_map(move |(from, width)| {
            prop::collection::vec(value(from, 1 << width), 1..80)
        });
        let of_parts = |(index, within, positive): (i32, f64, bool)| {
            let magnitude = ((f64::from(index) + within) / 256.0).exp2();
            if positive { magnitude } else { -magnitude }
        };
        values.prop_map(move |values| values.into_iter().map(of_parts).collect())
    }

    proptest! {
        #[test]
        fn each_value_is_in_its_bucket_whatever_came_before(values in values()) {
            let reading = recorded(&values);
            prop_assert_eq!(reading.count(), values.len() as u64);
            let (negative, positive): (Vec<_>, Vec<_>) = values.iter().partition(|value| **value < 0.0);
            let negative: Vec<_> = negative.into_iter().map(f64::abs).collect();
            for (values, buckets) in [(positive, &reading.positive), (negative, &reading.negative)] {
                prop_assert_eq!(&counted(&values, reading.scale, buckets), &buckets.counts);
                prop_assert_eq!(buckets.counts.iter().sum::<u64>(), values.len() as u64);
            }
        }

        #[test]
        fn the_buckets_are_as_fine_as_their_number_allows(values in values()) {
            let scale = recorded(&values).scale;
            let fits = |scale: i32| [false, true].into_iter().all(|negative| {
                let values = values.iter().filter(|value| (**value < 0.0) == negative);
                let indices = values.map(|value| (value.abs().log2() * 2_f64.powi(scale)).ceil());
                let (low, high) = indices.fold((f64::MAX, f64::MIN), |(low, high), index| {
                    (index.min(low), index.max(high))
                });
                high - low < f64::from(MOST_BUCKETS)
            });
            prop_assert!(fits(scale), "{scale} is too fine");
            prop_assert!(scale == MAX_SCALE || !fits(scale + 1), "{scale} is too coarse");
        }

        #[test]
        fn in_parts_it_is_what_it_is_in_one(
            values in prop::collection::vec((any::<bool>(), prop_oneof![any::<f64>(), 0.0..10.0]), 0..100),
        ) {
            let cells = [ExponentialCell::new(), ExponentialCell::new()];
            let one = ExponentialCell::new();
            for (first, value) in values.iter().filter(|(_, value)| value.is_finite()) {
                cells[usize::from(*first)].record(*value);
                one.record(*value);
            }
            let (parts, one) = (read(&cells), read(&[one]));
            prop_assert_eq!(parts.scale, one.scale);
            prop_assert_eq!(&parts.positive, &one.positive);
            prop_assert_eq!(&parts.negative, &one.negative);
            prop_assert_eq!((parts.zeros, parts.count()), (one.zeros, one.count()));
        }
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// Records as many as there are buckets, each in its own.
    fn full() -> ExponentialCell {
        let cell = ExponentialCell::new();
        cell.record(1.0);
        cell.record(1.001);
        cell
    }

    fn reading(cell: &ExponentialCell) -> Exponential {
        cell.copy().into_reading()
    }

    #[test]
    fn while_the_buckets_grow_coarser_a_reader_sees_all_or_nothing() {
        let mut model = loom::model::Builder::new();
        // Mistakes show when few of the switches are forced.
        model.preemption_bound = Some(2);
        model.check(|| {
            let cell = Arc::new(full());
            let before = reading(&cell);
            // The reader is the last one that is spawned: otherwise, the model does not try every order.
            let writer = {
                let cell = cell.clone();
                thread::spawn(move || cell.record(4.0))
            };
            let reader = {
                let cell = cell.clone();
                thread::spawn(move || cell.version.try_read(|| cell.copy()))
            };
            writer.join().unwrap();
            let after = reading(&cell);
            assert!(
                after.scale < before.scale && after.count() == 3,
                "{after:?}"
            );
            if let Some(seen) = reader.join().unwrap() {
                let seen = seen.into_reading();
                assert!(seen == before || seen == after, "torn: {seen:?}");
            }
        });
    }
}
