//! A limit of traces in a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Admits so many in a second, on the average. What is not used is kept for one second.
#[derive(Debug)]
pub(super) struct Rate {
    started: Instant,
    /// How far apart they are, in nanoseconds.
    apart: u64,
    /// When the next one is due, in nanoseconds from the start.
    due: AtomicU64,
}

impl Rate {
    /// Makes a limit that is above 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a float that is beyond the range is cut off, and a part of a nanosecond is nothing"
    )]
    pub(super) fn new(per_second: f64) -> Self {
        let apart = (SECOND as f64 / per_second).clamp(1.0, MOST_APART as f64);
        Self {
            started: Instant::now(),
            apart: apart as u64,
            due: AtomicU64::new(0),
        }
    }

    /// Takes one, if there is one.
    pub(super) fn admits(&self) -> bool {
        self.admits_at(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn admits_at(&self, now: u64) -> bool {
        // One that is due within this much of now is one that was kept.
        let kept = SECOND.saturating_sub(self.apart);
        let take = |due: u64| {
            (due <= now.saturating_add(kept)).then(|| due.max(now).saturating_add(self.apart))
        };
        let taken = self
            .due
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }
}

const SECOND: u64 = 1_000_000_000;

/// Three hundred years of nanoseconds are more than a process lives; a day is enough.
const MOST_APART: u64 = 86_400 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_admitted_in_a_second_and_one_second_is_kept() {
        let rate = Rate::new(10.0);
        let admitted = |second: u64| {
            let asked = (0..100).filter(|_| rate.admits_at(second * SECOND));
            asked.count()
        };
        assert_eq!(admitted(0), 10);
        assert_eq!(admitted(0), 0);
        assert_eq!(admitted(1), 10);
        assert_eq!(admitted(9), 10, "no more than one second is kept");
    }

    #[test]
    fn one_in_many_seconds_is_one() {
        let rate = Rate::new(0.1);
        assert!(rate.admits_at(0));
        assert!(!rate.admits_at(9 * SECOND));
        assert!(rate.admits_at(10 * SECOND));
        assert!(!rate.admits_at(11 * SECOND));
    }
}
