//! How busy a runtime was.

use std::time::{Duration, Instant};

/// The share of their time that workers spent on tasks, from one reading to the next.
#[derive(Debug)]
pub(super) struct BusyRatio {
    since: Instant,
    busy: Duration,
    ratio: f64,
}

impl BusyRatio {
    pub(super) fn since(now: Instant, busy: Duration) -> Self {
        Self {
            since: now,
            busy,
            ratio: 0.0,
        }
    }

    /// Returns the share since the last call at least [`SHORTEST`] ago, given for how long all workers were busy so far.
    pub(super) fn update(&mut self, now: Instant, busy: Duration, workers: usize) -> f64 {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= SHORTEST {
            let share = busy.saturating_sub(self.busy).div_duration_f64(elapsed);
            #[expect(clippy::cast_precision_loss, reason = "workers are few")]
            let workers = workers.max(1) as f64;
            // A worker that was busy throughout tells of it when it parks, which may be in the time of the next reading.
            self.ratio = (share / workers).min(1.0);
            self.since = now;
            self.busy = busy;
        }
        self.ratio
    }
}

/// Two readers that come one after the other should not cut the time into one long part and one that means nothing.
const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_the_time_since_the_reading_before() {
        let start = Instant::now();
        let seconds = Duration::from_secs_f64;
        let mut ratio = BusyRatio::since(start, seconds(5.0));
        for (at, busy, expected) in [
            (0.5, 5.5, 0.0),    // too early
            (10.0, 10.0, 0.25), // 5 s of 2 × 10 s
            (10.1, 10.1, 0.25), // another reader
            (20.0, 10.0, 0.0),
            (30.0, 40.0, 1.0), // busy before, told now
        ] {
            let now = ratio.update(start + seconds(at), seconds(busy), 2);
            assert_eq!(now.to_bits(), f64::to_bits(expected), "{at}: {now}");
        }
    }
}
