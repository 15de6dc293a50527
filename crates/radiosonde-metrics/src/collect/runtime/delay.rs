//! How long tasks wait for a worker.

use std::future::pending;
use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Histogram;
use crate::attempt::attempt;

/// Sleeps again and again, and records by how much it woke late. Ends when what `wanted` points to is gone.
///
/// In a runtime without the time driver it does nothing, and never ends.
pub(super) async fn measure<T>(delay: Histogram, wanted: Weak<T>) {
    while wanted.strong_count() > 0 {
        let due = Instant::now() + PERIOD;
        // There is no asking beforehand: to make it is what panics without a driver.
        match attempt(|| sleep_until(due)) {
            Some(sleep) => sleep.await,
            None => pending().await,
        }
        delay.record(due.elapsed().as_secs_f64());
    }
}

/// A wake-up takes some microseconds: one a second is below 0.01 % of a core.
const PERIOD: Duration = Duration::from_secs(1);
