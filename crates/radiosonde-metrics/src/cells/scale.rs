//! Buckets that grow by a constant factor: those of exponential histograms.
//!
//! At a *scale* the factor is 2 to the power of 2^-scale, and the bucket of index `i` holds what is above the `i`-th power of
//! the factor and at most the next one. One scale less makes one bucket of each pair: of index `i >> 1`. The terms are
//! those of the OpenTelemetry data model; Prometheus calls the scale *schema*, and counts buckets from one more.

use std::sync::LazyLock;

/// The finest scale: 256 buckets for each doubling. The finest that Prometheus takes.
pub(crate) const MAX_SCALE: i32 = 8;

/// Up to here a value is as good as zero: 2^-128, the default of Prometheus.
pub(crate) const ZERO_THRESHOLD: f64 = f64::from_bits((1023 - 128) << MANTISSA_BITS);

/// Returns the index of the bucket at [`MAX_SCALE`] that a value above [`ZERO_THRESHOLD`] falls into.
///
/// It is found without a logarithm, so that a power of two, and every other limit, falls below itself.
pub(crate) fn index(value: f64) -> i64 {
    let bits = value.to_bits();
    let exponent = (bits >> MANTISSA_BITS).cast_signed() - 1023;
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    // Between 1 and 2: the value without its exponent.
    let fraction = f64::from_bits(mantissa | (1023 << MANTISSA_BITS));
    let steps = &*STEPS;
    let mut step = steps.first[(mantissa >> (MANTISSA_BITS - 8)) as usize];
    while steps.limits[usize::from(step)] < fraction {
        step += 1;
    }
    (exponent << MAX_SCALE) + i64::from(step) - 1
}

/// The limits of the buckets from 1 to 2.
struct Steps {
    /// 2 to the power of n/256.
    limits: [f64; STEPS_PER_OCTAVE + 1],
    /// The first limit that is not below 1 + n/256: where the search begins.
    first: [u16; STEPS_PER_OCTAVE],
}

static STEPS: LazyLock<Steps> = LazyLock::new(|| {
    #[expect(clippy::cast_precision_loss, reason = "256 at most")]
    let share = |step: usize| step as f64 / STEPS_PER_OCTAVE as f64;
    let limits: [f64; _] = std::array::from_fn(|step| share(step).exp2());
    #[expect(clippy::cast_possible_truncation, reason = "256 at most")]
    let first_from = |from: f64| limits.partition_point(|limit| *limit < from) as u16;
    let first = std::array::from_fn(|part| first_from(1.0 + share(part)));
    Steps { limits, first }
});

const STEPS_PER_OCTAVE: usize = 1 << MAX_SCALE;

const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The upper limit of a bucket, as the data model defines it.
    fn limit(index: i64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "indices stay far below 2^53")]
        let power = (index + 1) as f64 / 256.0;
        power.exp2()
    }

    #[test]
    fn a_power_of_two_is_the_last_of_its_bucket() {
        for exponent in [-127, -10, -1, 0, 1, 2, 10, 1023] {
            let value = 2_f64.powi(exponent);
            assert_eq!(index(value), (i64::from(exponent) << 8) - 1, "{value}");
            assert_eq!(index(value.next_up()), i64::from(exponent) << 8, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_value_lies_within_the_limits_of_its_bucket(value in ZERO_THRESHOLD * 2.0..1e300) {
            let index = index(value);
            // The limits themselves are known to one part in 2^50 here.
            prop_assert!(value <= limit(index) * (1.0 + 1e-15), "{value} above {}", limit(index));
            prop_assert!(value > limit(index - 1) * (1.0 - 1e-15), "{value} below {}", limit(index - 1));
        }

        #[test]
        fn a_small_value_as_well(exponent in -127_i32..1023, fraction in 1.0..2.0_f64) {
            let value = fraction * 2_f64.powi(exponent);
            let index = index(value);
            prop_assert!(value <= limit(index) * (1.0 + 1e-13) && value > limit(index - 1) * (1.0 - 1e-13));
        }
    }
}
