//! Numbers that print as people write them.

use std::fmt;

/// A number that is not negative, with at most twelve digits after the point.
///
/// Shares and factors are kept as decimals because they are printed: in binary, `1 - 0.999` is `0.0010000000000000009`.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::objective::Objective;
///
/// let objective = Objective::availability("api", 99.9);
/// assert_eq!(objective.target().to_string(), "0.999");
/// assert_eq!(objective.budget().to_string(), "0.001");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    trillionths: u64,
}

impl Decimal {
    pub(crate) const ONE: Self = Self::thousandths(1_000);

    pub(crate) const fn thousandths(thousandths: u64) -> Self {
        Self {
            trillionths: thousandths.saturating_mul(UNIT / 1_000),
        }
    }

    /// Reads what a float prints as; `None` when it is negative, not finite, too large, or has more digits.
    pub(crate) fn of(number: f64) -> Option<Self> {
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if fraction.len() > DIGITS {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let fraction: u64 = format!("{fraction:0<DIGITS$}").parse().ok()?;
        let trillionths = whole.checked_mul(UNIT)?.checked_add(fraction)?;
        Some(Self { trillionths })
    }

    /// Returns the hundredth of it, or `None` when that has too many digits.
    pub(crate) fn hundredth(self) -> Option<Self> {
        let trillionths = self.trillionths / 100;
        (self.trillionths.is_multiple_of(100)).then_some(Self { trillionths })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.trillionths == 0
    }

    pub(crate) fn saturating_sub(self, other: Self) -> Self {
        Self {
            trillionths: self.trillionths.saturating_sub(other.trillionths),
        }
    }

    /// Multiplies, cutting digits that do not fit.
    pub(crate) fn times(self, other: Self) -> Self {
        let product = u128::from(self.trillionths) * u128::from(other.trillionths);
        Self::cut(product / u128::from(UNIT))
    }

    /// Divides and rounds down to thousandths; by zero, it is the largest there is.
    pub(crate) fn per(self, divisor: Self) -> Self {
        let quotient = (u128::from(self.trillionths) * 1_000)
            .checked_div(u128::from(divisor.trillionths))
            .unwrap_or(u128::MAX / u128::from(UNIT));
        Self::cut(quotient * u128::from(UNIT / 1_000))
    }

    fn cut(trillionths: u128) -> Self {
        Self {
            trillionths: u64::try_from(trillionths).unwrap_or(u64::MAX),
        }
    }

    /// Tells whether `part` is more than this share of `whole`, exactly.
    #[must_use]
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(UNIT) > u128::from(whole) * u128::from(self.trillionths)
    }

    /// Returns the number as a float: the one that is nearest.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "what objectives are made of stays below 2^53 trillionths"
    )]
    pub fn as_f64(self) -> f64 {
        self.trillionths as f64 / UNIT as f64
    }
}

/// Writes the number without an exponent and without zeros at its end.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.trillionths / UNIT, self.trillionths % UNIT);
        if fraction == 0 {
            return whole.fmt(f);
        }
        let fraction = format!("{fraction:0DIGITS$}");
        write!(f, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

const UNIT: u64 = 1_000_000_000_000;

const DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_what_was_written() {
        for number in [0.0, 1.0, 99.9, 0.1, 99.999_999_9, 14.4, 0.000_001, 300.25] {
            let decimal = Decimal::of(number).unwrap();
            assert_eq!(decimal.to_string(), number.to_string());
            assert_eq!(decimal.as_f64().to_bits(), number.to_bits());
        }
    }

    #[test]
    fn what_is_no_decimal_of_its_size_is_none() {
        for number in [-1.0, f64::NAN, f64::INFINITY, 1e300, 1e-13, 1.0 / 3.0] {
            assert_eq!(Decimal::of(number), None, "{number}");
        }
    }

    #[test]
    fn what_is_just_the_share_does_not_exceed_it() {
        let tenth = Decimal::thousandths(100);
        assert!(!tenth.is_exceeded_by(1, 10) && tenth.is_exceeded_by(2, 10));
        assert!(!tenth.is_exceeded_by(0, 0) && tenth.is_exceeded_by(1, 0));
        let most = u64::MAX;
        assert!(tenth.is_exceeded_by(most, most) && !Decimal::ONE.is_exceeded_by(most, most));
    }

    #[test]
    fn it_calculates_in_decimals() {
        let target = Decimal::of(99.9).and_then(Decimal::hundredth).unwrap();
        let budget = Decimal::ONE.saturating_sub(target);
        assert_eq!(budget.to_string(), "0.001");
        assert_eq!(
            Decimal::thousandths(14_400).times(budget).to_string(),
            "0.0144"
        );
        assert_eq!(Decimal::ONE.per(budget).to_string(), "1000");
        assert_eq!(
            Decimal::ONE.per(Decimal::thousandths(3_000)).to_string(),
            "0.333"
        );
        assert!(Decimal::ONE.per(Decimal::thousandths(0)) > Decimal::thousandths(1_000_000));
    }
}
