//! A part of a histogram.

use std::thread::LocalKey;

use super::version::Version;
use super::{Cell, Table};
use crate::operations::Ended;
use crate::sync::AtomicU64;
use crate::sync::Ordering::Relaxed;

/// A part of a histogram: how many values fell into each bucket, and their sum.
///
/// A reader sees either all of a value or nothing of it.
#[derive(Debug)]
pub(crate) struct DistributionCell {
    version: Version,
    /// The bits of an `f64`.
    sum: AtomicU64,
    buckets: Box<[AtomicU64]>,
}

/// What was recorded, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distribution {
    pub(crate) buckets: Vec<u64>,
    pub(crate) sum: f64,
}

impl DistributionCell {
    pub(crate) fn new(buckets: usize) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            version: Version::default(),
            sum: zero(),
            buckets: (0..buckets).map(|_| zero()).collect(),
        }
    }

    /// Records a value. For its one writer.
    pub(crate) fn record(&self, bucket: usize, value: f64) {
        self.version.write(|| {
            let count = &self.buckets[bucket];
            count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
            let sum = f64::from_bits(self.sum.load(Relaxed)) + value;
            self.sum.store(sum.to_bits(), Relaxed);
        });
    }

    /// Adds what was recorded to `total`.
    pub(crate) fn add_to(&self, total: &mut Distribution) {
        let (mut few, mut many) = ([0; FEW], Vec::new());
        let seen = if self.buckets.len() <= FEW {
            &mut few[..self.buckets.len()]
        } else {
            many.resize(self.buckets.len(), 0);
            &mut many[..]
        };
        total.sum += self.version.read(|| self.copy(seen));
        for (total, seen) in total.buckets.iter_mut().zip(seen) {
            *total += *seen;
        }
    }

    /// Returns how many values there are. Whoever sees a value sees what happened before it was recorded.
    pub(crate) fn count(&self) -> u64 {
        let count = || self.buckets.iter().map(|count| count.load(Relaxed)).sum();
        self.version.read(count)
    }

    /// Reads the buckets, and returns the sum, at the risk of reading it torn.
    fn copy(&self, buckets: &mut [u64]) -> f64 {
        for (seen, count) in buckets.iter_mut().zip(&self.buckets) {
            *seen = count.load(Relaxed);
        }
        f64::from_bits(self.sum.load(Relaxed))
    }
}

/// Up to so many buckets are read without making room on the heap.
const FEW: usize = 32;

impl Distribution {
    /// Nothing yet, in so many buckets.
    pub(crate) fn empty(buckets: usize) -> Self {
        Self {
            buckets: vec![0; buckets],
            sum: 0.0,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

impl Cell for DistributionCell {
    type Part = Ended;

    fn table() -> &'static LocalKey<Table<Self>> {
        thread_local! {
            static TABLE: Table<DistributionCell> = const { Table::new() };
        }
        &TABLE
    }

    fn fresh(&self) -> Self {
        Self::new(self.buckets.len())
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn a_reader_sees_all_of_a_value_or_nothing_of_it() {
        loom::model(|| {
            let cell = Arc::new(DistributionCell::new(2));
            // The reader is the one that is spawned: the other way round, the model tries one order only.
            let reader = {
                let cell = cell.clone();
                thread::spawn(move || {
                    let mut buckets = [0; 2];
                    let sum = cell.version.try_read(|| cell.copy(&mut buckets));
                    sum.map(|sum| (buckets.to_vec(), sum))
                })
            };
            cell.record(0, 1.0);
            cell.record(1, 10.0);
            if let Some(seen) = reader.join().unwrap() {
                let expected = [(vec![0, 0], 0.0), (vec![1, 0], 1.0), (vec![1, 1], 11.0)];
                assert!(expected.contains(&seen), "torn");
            }
        });
    }
}
