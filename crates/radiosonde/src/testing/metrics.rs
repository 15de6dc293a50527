//! The metrics of a test.

use radiosonde_metrics::{Registry, Value};

use super::selection::{Reading, Selection};

/// The metrics of a test, to assert on.
///
/// A metric is asked for by its name, as it is exposed or as it was recorded, and by labels, named as they are exposed: the
/// value is that of all series together that have *at least* these labels. An empty value asks for series without that
/// label, because to Prometheus the two are the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    pub(super) fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// Returns the counter of this name, over the series with at least these labels.
    pub fn counter<const N: usize>(&self, name: &str, labels: [(&str, &str); N]) -> Counter {
        Counter(Selection::new(&self.registry, "counter", name, &labels))
    }

    /// Returns the gauge of this name, over the series with at least these labels.
    ///
    /// Also for what is counted up and down, and for totals that grow by fractions.
    pub fn gauge<const N: usize>(&self, name: &str, labels: [(&str, &str); N]) -> Gauge {
        Gauge(Selection::new(&self.registry, "gauge", name, &labels))
    }

    /// Returns the histogram of this name, over the series with at least these labels.
    pub fn histogram<const N: usize>(&self, name: &str, labels: [(&str, &str); N]) -> Histogram {
        Histogram(Selection::new(&self.registry, "histogram", name, &labels))
    }
}

/// The sum of some series of a counter. It is 0 where nothing was ever counted.
#[derive(Debug, Clone)]
#[must_use = "it asserts nothing by itself"]
pub struct Counter(Selection);

impl Counter {
    /// Asserts that the sum is `expected`.
    ///
    /// # Panics
    ///
    /// Panics when it is not, and when the metric is no counter.
    #[track_caller]
    pub fn is(&self, expected: u64) {
        let reading = self.read();
        let sum = total(&reading.taken);
        if sum != expected {
            reading.fail(&format!("is {sum}, expected {expected}"));
        }
    }

    /// Asserts that the sum is `expected` or more.
    ///
    /// # Panics
    ///
    /// Panics when it is less, and when the metric is no counter.
    #[track_caller]
    pub fn is_at_least(&self, expected: u64) {
        let reading = self.read();
        let sum = total(&reading.taken);
        if sum < expected {
            reading.fail(&format!("is {sum}, expected at least {expected}"));
        }
    }

    /// Returns the sum.
    ///
    /// # Panics
    ///
    /// Panics when the metric is no counter.
    #[must_use]
    #[track_caller]
    pub fn value(&self) -> u64 {
        total(&self.read().taken)
    }

    #[track_caller]
    fn read(&self) -> Reading<'_, u64> {
        self.0.read(|value| match value {
            Value::Count(count) => Some(*count),
            _ => None,
        })
    }
}

/// The sum of some series of a gauge. There must be one: a gauge that was never set has no value.
#[derive(Debug, Clone)]
#[must_use = "it asserts nothing by itself"]
pub struct Gauge(Selection);

impl Gauge {
    /// Asserts that the sum is exactly `expected`.
    ///
    /// # Panics
    ///
    /// Panics when it is not, when there are no such series, and when the metric is no gauge.
    #[track_caller]
    pub fn is(&self, expected: f64) {
        let reading = self.read();
        let sum: f64 = reading.taken.iter().sum();
        if reading.taken.is_empty() {
            reading.fail(&format!("has no series, expected {expected}"));
        }
        if differ(sum, expected) {
            reading.fail(&format!("is {sum}, expected {expected}"));
        }
    }

    /// Returns the sum.
    ///
    /// # Panics
    ///
    /// Panics when there are no such series, and when the metric is no gauge.
    #[must_use]
    #[track_caller]
    pub fn value(&self) -> f64 {
        let reading = self.read();
        if reading.taken.is_empty() {
            reading.fail("has no series");
        }
        reading.taken.iter().sum()
    }

    #[track_caller]
    fn read(&self) -> Reading<'_, f64> {
        self.0.read(|value| match value {
            Value::Number(number) | Value::Total(number) => Some(*number),
            #[expect(
                clippy::cast_precision_loss,
                reason = "a test counts to less than 2^53"
            )]
            Value::Balance(balance) => Some(*balance as f64),
            _ => None,
        })
    }
}

/// Some series of a histogram together. It is empty where nothing was ever recorded.
#[derive(Debug, Clone)]
#[must_use = "it asserts nothing by itself"]
pub struct Histogram(Selection);

impl Histogram {
    /// Asserts that so many values were recorded.
    ///
    /// # Panics
    ///
    /// Panics when there were more or fewer, and when the metric is no histogram.
    #[track_caller]
    pub fn has_count(&self, expected: u64) {
        let reading = self.read();
        let count = counted(&reading);
        if count != expected {
            reading.fail(&format!("has a count of {count}, expected {expected}"));
        }
    }

    /// Asserts that the sum of the values is exactly `expected`.
    ///
    /// # Panics
    ///
    /// Panics when it is not, and when the metric is no histogram.
    #[track_caller]
    pub fn has_sum(&self, expected: f64) {
        let reading = self.read();
        let sum = summed(&reading);
        if differ(sum, expected) {
            reading.fail(&format!("has a sum of {sum}, expected {expected}"));
        }
    }

    /// Returns how many values were recorded.
    ///
    /// # Panics
    ///
    /// Panics when the metric is no histogram.
    #[must_use]
    #[track_caller]
    pub fn count(&self) -> u64 {
        counted(&self.read())
    }

    /// Returns the sum of the values.
    ///
    /// # Panics
    ///
    /// Panics when the metric is no histogram.
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> f64 {
        summed(&self.read())
    }

    #[track_caller]
    fn read(&self) -> Reading<'_, (u64, f64)> {
        self.0.read(|value| match value {
            Value::Distribution { count, sum, .. } => Some((*count, *sum)),
            Value::Exponential(read) => Some((read.count(), read.sum)),
            _ => None,
        })
    }
}

fn counted(reading: &Reading<'_, (u64, f64)>) -> u64 {
    let counts: Vec<_> = reading.taken.iter().map(|(count, _)| *count).collect();
    total(&counts)
}

fn summed(reading: &Reading<'_, (u64, f64)>) -> f64 {
    // From 0, because the sum of no floats is -0.
    reading.taken.iter().fold(0.0, |sum, (_, next)| sum + next)
}

/// Counters wrap, and so does their sum.
fn total(counts: &[u64]) -> u64 {
    counts.iter().copied().fold(0, u64::wrapping_add)
}

#[expect(clippy::float_cmp, reason = "the caller asks for this very value")]
fn differ(found: f64, expected: f64) -> bool {
    found != expected
}
