//! The upper limits of a histogram's buckets.

use std::sync::Arc;

use radiosonde_catalog::HTTP_REQUEST_DURATION;

/// The upper limits of a histogram's buckets, each included in its bucket; the bucket without a limit is implied.
///
/// Instead of being given, they may follow the values: see [`exponential`](Self::exponential).
///
/// Defaults to the bounds that the OpenTelemetry semantic conventions advise for durations: 5 ms to 10 s, in seconds.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::Bounds;
///
/// let megabytes = Bounds::new([1.0, 10.0, 100.0])?;
/// assert!(Bounds::new([10.0, 1.0]).is_err());
/// # Ok::<(), radiosonde_metrics::InvalidBounds>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds(Arc<Limits>);

#[derive(Debug, PartialEq)]
struct Limits {
    values: Box<[f64]>,
    /// What ends the labels of each bucket in the exposition: its limit, and what stands before its count.
    ends: Box<[Box<str>]>,
    exponential: bool,
}

impl Bounds {
    /// Lets the buckets follow the values, growing by a constant factor: the exponential histogram of OpenTelemetry, the
    /// native histogram of Prometheus.
    ///
    /// The buckets are as fine as 160 of them can be: values that are a factor of 1000 apart are known to 9 %, and
    /// nobody had to guess where they would lie. Prometheus reads them in its protobuf format, for which it has to be
    /// started with `--enable-feature=native-histograms` before version 3.9; in a text there is the count and the sum.
    #[must_use]
    pub fn exponential() -> Self {
        Self::made_of(&[], true)
    }

    /// Takes the limits in ascending order.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidBounds`] when there is no limit, when one is not finite, or when they do not ascend.
    pub fn new(limits: impl Into<Vec<f64>>) -> Result<Self, InvalidBounds> {
        let limits = limits.into();
        let ascends = limits.is_sorted_by(|a, b| a < b);
        if limits.is_empty() || !ascends || limits.iter().any(|limit| !limit.is_finite()) {
            return Err(InvalidBounds { limits });
        }
        Ok(Self::of_catalogue(&limits))
    }

    /// Takes limits that are known to be right: those of the catalogue, whose tests say so.
    pub(crate) fn of_catalogue(limits: &[f64]) -> Self {
        Self::made_of(limits, false)
    }

    fn made_of(limits: &[f64], exponential: bool) -> Self {
        // A limit always has a fraction, `1.0`, as OpenMetrics spells it and Prometheus 3 stores it.
        let spelled = limits
            .iter()
            .map(|limit| format!("{limit:?}"))
            .chain(["+Inf".to_owned()]);
        let ends = spelled
            .map(|limit| format!("le=\"{limit}\"}} ").into())
            .collect();
        Self(Arc::new(Limits {
            values: limits.into(),
            ends,
            exponential,
        }))
    }

    pub(crate) fn is_exponential(&self) -> bool {
        self.0.exponential
    }

    pub(crate) fn limits(&self) -> &[f64] {
        &self.0.values
    }

    /// Returns the label `le` of each bucket with what closes the labels; there is one more than there are limits.
    pub(crate) fn ends(&self) -> &[Box<str>] {
        &self.0.ends
    }

    /// Returns the index of the bucket that a finite value falls into; the last one has no limit.
    pub(crate) fn bucket(&self, value: f64) -> usize {
        let limits = &*self.0.values;
        if limits.len() > FEW {
            return limits.partition_point(|limit| *limit < value);
        }
        // Comparing with all of them needs no guess of a branch, which random values would defeat.
        limits.iter().map(|limit| usize::from(*limit < value)).sum()
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::of_catalogue(HTTP_REQUEST_DURATION.bounds())
    }
}

/// Limits that no histogram can have.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InvalidBounds {
    limits: Vec<f64>,
}

impl std::fmt::Display for InvalidBounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} are no bounds of a histogram: give one or more finite numbers in ascending order",
            self.limits
        )
    }
}

impl std::error::Error for InvalidBounds {}

/// Up to this many limits are compared with all at once.
const FEW: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_limits_are_searched_as_few_are() {
        let limits: Vec<_> = (0..100).map(f64::from).collect();
        let (few, many) = (
            Bounds::new(&limits[..20]).unwrap(),
            Bounds::new(&*limits).unwrap(),
        );
        for value in [-1.0, 0.0, 0.5, 7.0, 18.5, 19.0] {
            assert_eq!(few.bucket(value), many.bucket(value), "{value}");
        }
        assert_eq!(many.bucket(1e9), 100);
    }

    #[test]
    fn a_value_on_a_limit_belongs_to_its_bucket() {
        let bounds = Bounds::new([1.0, 2.0]).unwrap();
        assert_eq!(
            [0.5, 1.0, 1.5, 2.0, 9.0].map(|value| bounds.bucket(value)),
            [0, 0, 1, 1, 2]
        );
    }

    #[test]
    fn limits_that_do_not_ascend_or_end_are_refused() {
        for limits in [
            vec![],
            vec![1.0, 1.0],
            vec![2.0, 1.0],
            vec![f64::NAN],
            vec![1.0, f64::INFINITY],
        ] {
            assert!(Bounds::new(limits.clone()).is_err(), "{limits:?}");
        }
    }
}
