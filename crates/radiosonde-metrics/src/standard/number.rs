//! Points in time, and counts, as gauges have them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the seconds since 1970; negative before it.
pub(super) fn timestamp(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(error) => -error.duration().as_secs_f64(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn real(count: usize) -> f64 {
    count as f64
}
