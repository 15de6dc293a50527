//! What an exponential histogram holds, as it was read.

/// The values of an exponential histogram, all read at one moment.
///
/// The terms are those of the OpenTelemetry data model: at a *scale*, bucket `i` holds the values above `base^i` and up to
/// `base^(i + 1)`, where `base` is 2 to the power of 2^-scale.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exponential {
    /// How fine the buckets are: from -4 to 8. It shrinks as the values spread.
    pub scale: i32,
    /// The sum of the values.
    pub sum: f64,
    /// How many values were zero, or within [`ZERO_THRESHOLD`](Self::ZERO_THRESHOLD) of it.
    pub zeros: u64,
    /// The values above zero.
    pub positive: ExponentialBuckets,
    /// The values below zero, by their magnitude.
    pub negative: ExponentialBuckets,
}

/// Adjacent buckets of one sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExponentialBuckets {
    /// The index of the first bucket.
    pub offset: i32,
    /// How many values fell into each, at most 160 of them; none without values.
    pub counts: Vec<u64>,
}

impl Exponential {
    /// Up to this distance from zero a value counts as zero: 2^-128.
    pub const ZERO_THRESHOLD: f64 = crate::cells::ZERO_THRESHOLD;

    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        Self {
            scale: crate::cells::MAX_SCALE,
            sum: 0.0,
            zeros: 0,
            positive: ExponentialBuckets::default(),
            negative: ExponentialBuckets::default(),
        }
    }

    /// Returns how many values there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        let buckets = self.positive.counts.iter().chain(&self.negative.counts);
        self.zeros + buckets.sum::<u64>()
    }

    /// Adds what another reading of the same histogram holds.
    pub(crate) fn add(&mut self, mut other: Self) {
        if self.is_empty() {
            // Most histograms have one part.
            *self = other;
            return;
        }
        let scale = self.scale.min(other.scale);
        self.coarsen(self.scale - scale);
        other.coarsen(other.scale - scale);
        let mut by = 0;
        while self.positive.width_with(&other.positive, by) > MOST_BUCKETS
            || self.negative.width_with(&other.negative, by) > MOST_BUCKETS
        {
            by += 1;
        }
        self.coarsen(by);
        other.coarsen(by);
        self.sum += other.sum;
        self.zeros += other.zeros;
        self.positive.add(&other.positive);
        self.negative.add(&other.negative);
    }

    fn is_empty(&self) -> bool {
        self.zeros == 0 && self.positive.counts.is_empty() && self.negative.counts.is_empty()
    }

    /// Makes one bucket of each 2^`by`.
    fn coarsen(&mut self, by: i32) {
        self.scale -= by;
        self.positive.coarsen(by);
        self.negative.coarsen(by);
    }
}

impl ExponentialBuckets {
    pub(crate) fn new(offset: i32, counts: Vec<u64>) -> Self {
        Self { offset, counts }
    }

    /// The indices of the first and the last bucket.
    fn range(&self) -> Option<(i32, i32)> {
        let last = i32::try_from(self.counts.len().checked_sub(1)?).ok()?;
        Some((self.offset, self.offset + last))
    }

    /// How many buckets there would be together, with 2^`by` made one.
    fn width_with(&self, other: &Self, by: i32) -> i32 {
        match (self.range(), other.range()) {
            (Some((low, high)), Some((other_low, other_high))) => {
                (high.max(other_high) >> by) - (low.min(other_low) >> by) + 1
            }
            // One alone fits already.
            _ => 0,
        }
    }

    fn coarsen(&mut self, by: i32) {
        if by == 0 {
            return;
        }
        let fine = std::mem::take(self);
        let buckets = (fine.offset..).zip(fine.counts);
        for (index, count) in buckets {
            self.add_at(index >> by, count);
        }
    }

    fn add(&mut self, other: &Self) {
        if let Some((low, _)) = other.range() {
            // From below, so that there is room at the front once and for all.
            self.add_at(low, 0);
        }
        for (index, count) in (other.offset..).zip(&other.counts) {
            self.add_at(index, *count);
        }
    }

    fn add_at(&mut self, index: i32, count: u64) {
        if self.counts.is_empty() {
            self.offset = index;
        }
        if index < self.offset {
            let missing = usize::try_from(self.offset - index).unwrap_or_default();
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.offset = index;
        }
        let position = usize::try_from(index - self.offset).unwrap_or_default();
        if self.counts.len() <= position {
            self.counts.resize(position + 1, 0);
        }
        self.counts[position] += count;
    }
}

/// As many buckets as there are of one sign, as the OpenTelemetry specification advises.
#[cfg(not(loom))]
pub(crate) const MOST_BUCKETS: i32 = 160;

/// A model tries every order in which they may be read.
#[cfg(loom)]
pub(crate) const MOST_BUCKETS: i32 = 2;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn reading(scale: i32, offset: i32, counts: &[u64]) -> Exponential {
        Exponential {
            scale,
            positive: ExponentialBuckets::new(offset, counts.to_vec()),
            ..Exponential::empty()
        }
    }

    #[test]
    fn readings_of_different_scales_add_up_at_the_coarser_one() {
        let mut total = reading(3, -3, &[1, 2, 4, 8, 16]);
        total.add(reading(2, 5, &[32]));
        // -3 and -2 to -2 and -1, -1 to -1, 0 and 1 to 0.
        assert_eq!(total, reading(2, -2, &[1, 6, 24, 0, 0, 0, 0, 32]));
        assert_eq!(total.count(), 63);
    }

    #[test]
    fn together_they_are_not_wider_than_one_may_be() {
        let mut total = reading(8, -400, &[1]);
        total.add(reading(8, 399, &[1]));
        assert_eq!((total.scale, total.count()), (5, 2));
        assert_eq!(total.positive.offset, -400 >> 3);
        assert_eq!(total.positive.counts.len(), 100);
    }

    #[test]
    fn nothing_and_something_is_something() {
        let something = Exponential {
            sum: 3.0,
            zeros: 2,
            ..reading(4, 7, &[3])
        };
        let mut total = Exponential::empty();
        total.add(something.clone());
        assert_eq!(total, something);
        total.add(Exponential {
            scale: 4,
            ..Exponential::empty()
        });
        assert_eq!(total, something);
    }
}
