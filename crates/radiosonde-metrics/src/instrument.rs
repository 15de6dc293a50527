//! The instruments: what code holds and records into.
//!
//! Each is a counted pointer to a cell of atomics. Recording takes no lock and allocates nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Bounds;

/// A total that only grows.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::SPANS_SENT;
/// use radiosonde_metrics::Registry;
///
/// let sent = Registry::new().counter(&SPANS_SENT, &[]);
/// sent.increment(3);
/// assert_eq!(sent.value(), 3);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `count`.
    pub fn increment(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// Returns the total so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Raises the total to `total`, unless it is higher already.
    pub(crate) fn raise_to(&self, total: u64) {
        self.0.fetch_max(total, Relaxed);
    }
}

/// A value that goes up and down.
///
/// A change that is not a number is refused and counted; the value stays.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<GaugeCell>);

#[derive(Debug, Default)]
struct GaugeCell {
    bits: AtomicU64,
    refused: Counter,
}

impl Gauge {
    pub(crate) fn new(refused: Counter) -> Self {
        Self(Arc::new(GaugeCell {
            bits: AtomicU64::default(),
            refused,
        }))
    }

    /// Replaces the value.
    pub fn set(&self, value: f64) {
        if value.is_nan() {
            return self.0.refused.increment(1);
        }
        self.0.bits.store(value.to_bits(), Relaxed);
    }

    /// Adds `change`, which may be negative.
    pub fn add(&self, change: f64) {
        if !change.is_finite() {
            return self.0.refused.increment(1);
        }
        add(&self.0.bits, change);
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> f64 {
        f64::from_bits(self.0.bits.load(Relaxed))
    }
}

/// A distribution of values over buckets.
///
/// A value that is not finite is refused and counted, because it would spoil the sum for ever.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<HistogramCell>);

#[derive(Debug)]
struct HistogramCell {
    bounds: Bounds,
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
    refused: Counter,
}

impl Histogram {
    pub(crate) fn new(bounds: Bounds, refused: Counter) -> Self {
        let buckets = (0..=bounds.limits().len())
            .map(|_| AtomicU64::new(0))
            .collect();
        Self(Arc::new(HistogramCell {
            bounds,
            buckets,
            sum: AtomicU64::default(),
            refused,
        }))
    }

    /// Records one value.
    pub fn record(&self, value: f64) {
        if !value.is_finite() {
            return self.0.refused.increment(1);
        }
        add(&self.0.sum, value);
        self.0.buckets[self.0.bounds.bucket(value)].fetch_add(1, Relaxed);
    }

    /// Returns how many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0
            .buckets
            .iter()
            .map(|bucket| bucket.load(Relaxed))
            .sum()
    }

    /// Returns the sum of the values.
    #[must_use]
    pub fn sum(&self) -> f64 {
        f64::from_bits(self.0.sum.load(Relaxed))
    }

    /// Yields each limit with the number of values at or below it, and last `+Inf` with the number of all.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let limits = self
            .0
            .bounds
            .limits()
            .iter()
            .copied()
            .chain([f64::INFINITY]);
        let counts = self.0.buckets.iter().scan(0, |total, bucket| {
            *total += bucket.load(Relaxed);
            Some(*total)
        });
        limits.zip(counts)
    }
}

fn add(bits: &AtomicU64, change: f64) {
    let sum = |old: u64| Some((f64::from_bits(old) + change).to_bits());
    // The closure never declines, so this never fails.
    let _ = bits.fetch_update(Relaxed, Relaxed, sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_refused_and_counted() {
        let refused = Counter::default();
        let gauge = Gauge::new(refused.clone());
        gauge.set(2.0);
        gauge.set(f64::NAN);
        gauge.add(f64::INFINITY);
        assert_eq!((gauge.value(), refused.value()), (2.0, 2));

        let histogram = Histogram::new(Bounds::default(), refused.clone());
        histogram.record(f64::NAN);
        histogram.record(f64::NEG_INFINITY);
        assert_eq!(
            (histogram.count(), histogram.sum(), refused.value()),
            (0, 0.0, 4)
        );
    }

    #[test]
    fn buckets_add_up_to_the_count() {
        let histogram = Histogram::new(Bounds::new([1.0, 2.0]).unwrap(), Counter::default());
        for value in [-1.0, 1.0, 1.5, 7.0] {
            histogram.record(value);
        }
        let cumulative: Vec<_> = histogram.cumulative().collect();
        assert_eq!(cumulative, [(1.0, 2), (2.0, 3), (f64::INFINITY, 4)]);
        assert_eq!((histogram.count(), histogram.sum()), (4, 8.5));
    }
}
