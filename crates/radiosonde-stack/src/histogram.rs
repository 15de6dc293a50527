//! What the buckets of a histogram can tell, and values that fall into them.
//!
//! Prometheus puts a percentile on a line between the bounds around it. Below the first bound it assumes nothing but 0,
//! and above the last one it answers with the last one: a limit beyond either is never passed in one of the directions.

use radiosonde_catalog::Metric;

use crate::alerts::Input;
use crate::{ServiceCatalogue, ServiceMetric};

/// The buckets of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Buckets {
    /// They end at these bounds, and the last one nowhere.
    Bounds(Vec<f64>),
    /// They follow the values: to Prometheus, a native histogram.
    Native,
}

impl Buckets {
    /// Returns the buckets of a metric of a service.
    pub(crate) fn of(metric: &ServiceMetric) -> Self {
        if metric.exponential {
            Self::Native
        } else {
            Self::Bounds(metric.bounds.clone())
        }
    }

    /// Returns the buckets of a histogram of Radiosonde in a service; of one that its catalogue does not have, those that
    /// it is declared with.
    pub(crate) fn among(catalogue: &ServiceCatalogue, histogram: &Metric) -> Self {
        let found = catalogue.metric(histogram.name());
        found.map_or_else(|| Self::Bounds(histogram.bounds().to_vec()), Self::of)
    }

    /// Returns between which limits the percentile of this share can be below a limit and above it: from the first on, and
    /// below the second.
    pub(crate) fn decide(&self, share: f64) -> (f64, f64) {
        match self {
            Self::Native => (0.0, f64::INFINITY),
            Self::Bounds(bounds) => match (bounds.first(), bounds.last()) {
                // Where all values are below the first bound, the percentile is this share of it.
                (Some(first), Some(last)) => (share * first, *last),
                _ => (f64::INFINITY, 0.0),
            },
        }
    }

    /// Tells whether the percentile of this share can be below a limit and above it.
    pub(crate) fn can_decide(&self, share: f64, limit: f64) -> bool {
        let (least, most) = self.decide(share);
        limit > 0.0 && limit >= least && limit < most
    }

    /// Returns the series of a histogram that takes so many values per second, of which these shares are above a limit:
    /// while it is calm, and while it is bad.
    pub(crate) fn around(
        &self,
        (series, labels): (&str, &str),
        limit: f64,
        rate: f64,
        [calm, bad]: [f64; 2],
    ) -> Vec<Input> {
        let rates = |slow: f64| (rate * (1.0 - slow), rate * slow);
        match self {
            Self::Native => {
                let (below, above) = around(limit);
                let rates = [calm, bad].map(rates);
                let empty = vec![0.0; usize::try_from(above - below - 1).unwrap_or_default()];
                let rates = rates.map(|(fast, slow)| [&[fast], &empty[..], &[slow]].concat());
                vec![Input::native(series, labels, below, rates)]
            }
            Self::Bounds(bounds) => {
                let below = bounds.partition_point(|bound| *bound <= limit);
                let (fast, slow) = (below.saturating_sub(1), below + 1);
                // Where even the first bucket reaches beyond the limit, a few slow ones are too many.
                let calm = if below == 0 { 0.0 } else { calm };
                let [calm, bad] = [calm, bad].map(rates);
                let rates = |bucket: usize| match bucket {
                    bucket if bucket == fast => (calm.0, bad.0),
                    bucket if bucket == slow.min(bounds.len()) => (calm.1, bad.1),
                    _ => (0.0, 0.0),
                };
                let ends: Vec<_> = self.ends();
                let buckets = ends.iter().enumerate().map(|(bucket, end)| {
                    let (calm, bad) = rates(bucket);
                    (end.as_str(), calm, bad)
                });
                let buckets: Vec<_> = buckets.collect();
                Input::buckets(series, labels, &buckets).collect()
            }
        }
    }

    /// Returns the series of a histogram of whose buckets the first ones take so many values per second; what has no bucket
    /// of its own falls into the last.
    pub(crate) fn steady(&self, (series, labels): (&str, &str), rates: &[f64]) -> Vec<Input> {
        let rates = self.spread(rates);
        match self {
            Self::Native => vec![Input::native(series, labels, 0, [rates.clone(), rates])],
            Self::Bounds(_) => {
                let ends = self.ends();
                let buckets = ends.iter().zip(&rates);
                let buckets: Vec<_> = buckets
                    .map(|(end, rate)| (end.as_str(), *rate, *rate))
                    .collect();
                Input::buckets(series, labels, &buckets).collect()
            }
        }
    }

    /// Returns the percentile of a histogram with these rates, as Prometheus has it; of a native one, which it has in
    /// several ways, none.
    pub(crate) fn percentile(&self, share: f64, rates: &[f64]) -> Option<f64> {
        let Self::Bounds(bounds) = self else {
            return None;
        };
        let rates = self.spread(rates);
        let rank = share * rates.iter().sum::<f64>();
        let mut before = 0.0;
        let starts = [0.0].into_iter().chain(bounds.iter().copied());
        for ((start, end), rate) in starts.zip(bounds).zip(&rates) {
            if before + rate >= rank {
                return Some(start + (end - start) * (rank - before) / rate);
            }
            before += rate;
        }
        bounds.last().copied()
    }

    fn spread(&self, rates: &[f64]) -> Vec<f64> {
        let length = match self {
            Self::Native => rates.len(),
            Self::Bounds(bounds) => bounds.len() + 1,
        };
        let mut spread = vec![0.0; length];
        for (index, rate) in rates.iter().enumerate() {
            spread[index.min(length - 1)] += rate;
        }
        spread
    }

    /// Returns the label `le` of each bucket, as services expose it.
    fn ends(&self) -> Vec<String> {
        let bounds = match self {
            Self::Native => &[],
            Self::Bounds(bounds) => &bounds[..],
        };
        let bounds = bounds.iter().map(|bound| format!("{bound:?}"));
        bounds.chain(["+Inf".to_owned()]).collect()
    }
}

/// Returns a bucket of a native histogram, whose bounds are the powers of two, that lies below a limit, and one that lies
/// above it.
#[expect(clippy::cast_possible_truncation, reason = "limits are no astronomy")]
fn around(limit: f64) -> (i32, i32) {
    let power = limit.log2();
    (power.floor() as i32 - 1, power.ceil() as i32 + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(bounds: &[f64]) -> Buckets {
        Buckets::Bounds(bounds.to_vec())
    }

    #[test]
    fn a_limit_beyond_the_bounds_cannot_be_decided() {
        let buckets = bounds(&[0.1, 1.0, 5.0]);
        let can = [0.0, 0.09, 0.095, 0.1, 0.3, 4.9, 5.0, 7.0]
            .map(|limit| buckets.can_decide(0.95, limit));
        assert_eq!(can, [false, false, true, true, true, true, false, false]);
        assert!(Buckets::Native.can_decide(0.95, 1e-6) && Buckets::Native.can_decide(0.95, 1e6));
        assert!(!bounds(&[]).can_decide(0.95, 1.0));
    }

    #[test]
    fn a_percentile_lies_on_a_line_between_its_bounds() {
        let buckets = bounds(&[1.0, 2.0, 4.0]);
        let rates = [5.0, 4.0, 0.5, 0.5];
        let of = |share| buckets.percentile(share, &rates).unwrap();
        let found = [0.5, 0.7, 0.925, 0.99].map(of);
        let expected = [1.0, 1.5, 3.0, 4.0];
        let are_close = found.iter().zip(expected);
        assert!(
            { are_close }.all(|(a, b)| (a - b).abs() < 1e-9),
            "{found:?}"
        );
    }

    /// Whatever the bounds are, what is told of a limit that can be decided is on both sides of it.
    #[test]
    fn values_around_a_limit_make_a_percentile_below_it_and_then_one_above_it() {
        for list in [&[0.005, 0.1, 0.5, 1.0, 10.0][..], &[2.0], &[1.0, 3_600.0]] {
            let buckets = bounds(list);
            for limit in [0.0048, 0.1, 0.3, 0.96, 1.0, 1.9, 9.9, 60.0] {
                if !buckets.can_decide(0.95, limit) {
                    continue;
                }
                let inputs = buckets.around(("x", ""), limit, 100.0, [0.025, 0.2]);
                let series: Vec<_> = inputs.iter().map(|input| input.series.as_str()).collect();
                assert_eq!(series.len(), list.len() + 1);
                for (series, bound) in series.iter().zip(list) {
                    assert_eq!(*series, format!("x_bucket{{le=\"{bound:?}\"}}"));
                }
                let [calm, bad] = inputs_at(&inputs);
                let [calm, bad] = [calm, bad].map(|rates| buckets.percentile(0.95, &rates));
                assert!(calm.unwrap() <= limit, "{list:?} {limit}: {calm:?}");
                assert!(bad.unwrap() > limit, "{list:?} {limit}: {bad:?}");
            }
        }
    }

    /// The rates of the buckets while it is calm and while it is bad.
    fn inputs_at(inputs: &[Input]) -> [Vec<f64>; 2] {
        let rates = inputs.iter().map(|input| input.rates().unwrap());
        let (calm, bad): (Vec<_>, Vec<_>) = rates.unzip();
        let apart = |sums: &[f64]| {
            let before = [0.0].into_iter().chain(sums.iter().copied());
            let pairs = sums.iter().zip(before);
            pairs.map(|(sum, before)| sum - before).collect()
        };
        [apart(&calm), apart(&bad)]
    }
}
