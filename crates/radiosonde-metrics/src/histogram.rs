//! The instrument of distributions.

use std::sync::Arc;

use crate::Bounds;
use crate::cells::{Distribution, DistributionCell, ExponentialCell, Sharded};
use crate::exemplar::{Exemplar, Exemplars, SampledSpan};
use crate::exponential::Exponential;
use crate::operations::Ended;
use crate::refusals::RefusedValues;

/// A distribution of values over buckets.
///
/// A value that is not finite is refused and counted, because it would spoil the sum for ever. Finite ones whose sum is beyond what an
/// `f64` holds spoil it as well.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Shape>);

#[derive(Debug)]
struct Shape {
    bounds: Bounds,
    cells: Cells,
    /// `None` where nobody knows of spans.
    exemplars: Option<(SpanSource, Exemplars)>,
    refused: RefusedValues,
}

#[derive(Debug)]
enum Cells {
    Explicit(Sharded<DistributionCell>),
    Exponential(Sharded<ExponentialCell>),
}

/// Finds the sampled span around a recording.
pub(crate) type SpanSource = fn() -> Option<SampledSpan>;

impl Histogram {
    pub(crate) fn new(bounds: Bounds, source: Option<SpanSource>, refused: RefusedValues) -> Self {
        let buckets = bounds.limits().len() + 1;
        let (cells, slots) = if bounds.is_exponential() {
            let cells = Sharded::new(ExponentialCell::new());
            (Cells::Exponential(cells), EXPONENTIAL_EXEMPLARS)
        } else {
            let cells = Sharded::new(DistributionCell::new(buckets));
            (Cells::Explicit(cells), buckets)
        };
        Self(Arc::new(Shape {
            bounds,
            cells,
            exemplars: source.map(|source| (source, Exemplars::new(slots))),
            refused,
        }))
    }

    /// Returns one that appears nowhere.
    pub(crate) fn noop() -> Self {
        Self::unregistered(Bounds::default())
    }

    pub(crate) fn unregistered(bounds: Bounds) -> Self {
        Self::new(bounds, None, RefusedValues::default())
    }

    /// Records one value.
    pub fn record(&self, value: f64) {
        let Some(bucket) = self.count_in(value) else {
            return;
        };
        if let Some((source, exemplars)) = &self.0.exemplars
            && let Some(span) = source()
        {
            exemplars.offer(bucket, value, span);
        }
    }

    /// Records one value that belongs to this span, or to none, whatever span is around the call.
    ///
    /// Without [`RegistryOptions::exemplars`](crate::RegistryOptions::exemplars) the span is not kept.
    pub fn record_in(&self, value: f64, span: Option<SampledSpan>) {
        let bucket = self.count_in(value);
        if let (Some((_, exemplars)), Some(bucket), Some(span)) = (&self.0.exemplars, bucket, span)
        {
            exemplars.offer(bucket, value, span);
        }
    }

    /// Keeps a value that was recorded elsewhere as an exemplar, if exemplars are kept.
    pub(crate) fn offer(&self, value: f64, span: SampledSpan) {
        let Shape {
            bounds, exemplars, ..
        } = &*self.0;
        if let Some((_, exemplars)) = exemplars {
            let bucket = if bounds.is_exponential() {
                octave(value)
            } else {
                bounds.bucket(value)
            };
            exemplars.offer(bucket, value, span);
        }
    }

    /// Lets the histogram include the times of operations that ended in some way. They have the same buckets.
    pub(crate) fn add_part(&self, ended: &Ended) {
        match &self.0.cells {
            Cells::Explicit(cells) => cells.add_part(ended.clone()),
            Cells::Exponential(cells) => cells.add_part(ended.clone()),
        }
    }

    /// Returns how many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.read().count()
    }

    /// Returns the sum of the values.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.read().sum
    }

    /// Counts a value, and returns which exemplar it may become; `None` when it is refused.
    fn count_in(&self, value: f64) -> Option<usize> {
        let Shape {
            bounds,
            cells,
            refused,
            ..
        } = &*self.0;
        if !value.is_finite() {
            refused.refuse();
            return None;
        }
        match cells {
            Cells::Explicit(cells) => {
                let bucket = bounds.bucket(value);
                cells.write(|cell| cell.record(bucket, value));
                Some(bucket)
            }
            Cells::Exponential(cells) => {
                cells.write(|cell| cell.record(value));
                Some(octave(value))
            }
        }
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    /// Returns the limits of the buckets; the last bucket has none.
    pub(crate) fn limits(&self) -> &[f64] {
        self.0.bounds.limits()
    }

    /// Returns what ends the labels of each bucket in a text.
    pub(crate) fn bucket_ends(&self) -> &[Box<str>] {
        self.0.bounds.ends()
    }

    /// Returns what was recorded: count, sum and buckets of the same values.
    ///
    /// An exponential histogram reads as one bucket, which has no limit: its own have no place in a text.
    pub(crate) fn read(&self) -> Distribution {
        match &self.0.cells {
            Cells::Explicit(cells) => {
                let mut total = Distribution::empty(self.limits().len() + 1);
                cells.read(|cell| cell.add_to(&mut total));
                cells.read_parts(|part| part.add_to(&mut total));
                total
            }
            Cells::Exponential(cells) => {
                let total = read_exponential(cells);
                Distribution {
                    buckets: vec![total.count()],
                    sum: total.sum,
                }
            }
        }
    }

    /// Returns what was recorded, if this is an exponential histogram.
    pub(crate) fn exponential(&self) -> Option<Exponential> {
        match &self.0.cells {
            Cells::Explicit(_) => None,
            Cells::Exponential(cells) => Some(read_exponential(cells)),
        }
    }

    /// Returns the last exemplar of each bucket that [`read`](Self::read) returns.
    ///
    /// That is the newest of all where an exponential histogram reads as one bucket.
    pub(crate) fn bucket_exemplars(&self) -> Vec<Option<Exemplar>> {
        let exemplars = self.exemplars();
        match &self.0.cells {
            Cells::Explicit(_) => exemplars,
            Cells::Exponential(_) => {
                let all = exemplars.into_iter().flatten();
                vec![all.max_by_key(|exemplar| exemplar.time)]
            }
        }
    }

    /// Returns the last exemplar of each bucket; of an exponential histogram, a few of different magnitudes.
    pub(crate) fn exemplars(&self) -> Vec<Option<Exemplar>> {
        let exemplars = self.0.exemplars.as_ref();
        exemplars.map_or_else(Vec::new, |(_, exemplars)| exemplars.read())
    }
}

fn read_exponential(cells: &Sharded<ExponentialCell>) -> Exponential {
    let mut total = Exponential::empty();
    cells.read(|cell| cell.add_to(&mut total));
    cells.read_parts(|part| part.add_to_exponential(&mut total));
    total
}

/// Returns the magnitude of a value: which power of two it is near, of any two that follow each other another.
fn octave(value: f64) -> usize {
    let exponent = value.abs().to_bits() >> (f64::MANTISSA_DIGITS - 1);
    exponent as usize % EXPONENTIAL_EXEMPLARS
}

/// How many exemplars an exponential histogram has: values that are that many powers of two apart share one.
const EXPONENTIAL_EXEMPLARS: usize = 16;

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::canonical::Refusal;
    use crate::refusals::Refusals;

    const SPAN: SampledSpan = SampledSpan::new([1; 16], [2; 8]);

    fn traced(bounds: Bounds, source: SpanSource) -> Histogram {
        Histogram::new(bounds, Some(source), RefusedValues::default())
    }

    fn values_of(exemplars: &[Option<Exemplar>]) -> Vec<Option<f64>> {
        let values = exemplars
            .iter()
            .map(|exemplar| exemplar.map(|exemplar| exemplar.value));
        values.collect()
    }

    #[test]
    fn buckets_add_up_to_the_count() {
        let bounds = Bounds::new([1.0, 2.0]).unwrap();
        let histogram = Histogram::new(bounds, None, RefusedValues::default());
        for value in [-1.0, 1.0, 1.5, 7.0] {
            histogram.record(value);
        }
        assert_eq!(histogram.read().buckets, [2, 1, 1]);
        assert_eq!((histogram.count(), histogram.sum()), (4, 8.5));
        assert_eq!(histogram.exemplars(), []);
    }

    #[test]
    fn what_is_not_finite_is_refused_and_counted_whatever_the_buckets() {
        for bounds in [Bounds::default(), Bounds::exponential()] {
            let refusals = Refusals::default();
            let histogram = Histogram::new(bounds, Some(|| Some(SPAN)), refusals.of_values("wait"));
            histogram.record(f64::NAN);
            histogram.record_in(f64::NEG_INFINITY, Some(SPAN));
            let refused = refusals.counter(Refusal::NotANumber).value();
            assert_eq!((histogram.count(), histogram.sum(), refused), (0, 0.0, 2));
            assert!(histogram.exemplars().iter().all(Option::is_none));
        }
    }

    #[test]
    fn a_value_in_a_sampled_span_is_the_exemplar_of_its_bucket() {
        let histogram = traced(Bounds::new([1.0, 2.0]).unwrap(), || Some(SPAN));
        histogram.record(0.5);
        histogram.record(9.0);
        histogram.record_in(1.5, None);
        assert_eq!(
            values_of(&histogram.exemplars()),
            [Some(0.5), None, Some(9.0)]
        );
    }

    #[test]
    fn a_value_without_a_sampled_span_is_none() {
        let histogram = traced(Bounds::new([1.0]).unwrap(), || None);
        histogram.record(0.5);
        assert_eq!(values_of(&histogram.exemplars()), [None, None]);
        histogram.record_in(0.7, Some(SPAN));
        assert_eq!(values_of(&histogram.exemplars()), [Some(0.7), None]);
    }

    #[test]
    fn exemplars_of_an_exponential_histogram_are_of_different_magnitudes() {
        let histogram = traced(Bounds::exponential(), || Some(SPAN));
        for value in [1.0, 100.0, 0.0, -5.0] {
            histogram.record(value);
        }
        let mut values: Vec<_> = values_of(&histogram.exemplars())
            .into_iter()
            .flatten()
            .collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values, [-5.0, 0.0, 1.0, 100.0]);
        assert_eq!(histogram.read().buckets, [4]);
    }

    #[test]
    fn the_newest_exemplar_is_that_of_the_one_bucket_of_an_exponential_histogram() {
        let histogram = traced(Bounds::exponential(), || Some(SPAN));
        assert_eq!(histogram.bucket_exemplars(), [None]);
        for value in [7.0, 0.3, 100.0] {
            histogram.record(value);
            assert_eq!(values_of(&histogram.bucket_exemplars()), [Some(value)]);
            // The clock tells one from the next.
            let recorded = SystemTime::now();
            while SystemTime::now() <= recorded {}
        }
        histogram.record_in(0.4, None);
        assert_eq!(values_of(&histogram.bucket_exemplars()), [Some(100.0)]);
    }
}
