//! When a check is run, for how long, and how many results it takes.

use std::time::Duration;

use crate::RegisterError;
use crate::hysteresis::Hysteresis;

/// The schedule of one check. [`Check`](crate::Check) says what each part means.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) interval: Duration,
    pub(crate) interval_while_failing: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
}

impl Schedule {
    /// Returns how long one run may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT.min(self.interval))
    }

    /// Returns the age above which a result counts as failed.
    pub(crate) fn staleness_limit(&self) -> Duration {
        self.interval * 3 + self.deadline()
    }

    /// Returns the time until the next run, of which `jitter`, below 1, adds up to a tenth.
    pub(crate) fn pause(&self, settled: bool, jitter: f64) -> Duration {
        let interval = if settled {
            self.interval
        } else {
            self.interval_while_failing.min(self.interval)
        };
        interval.mul_f64(1.0 + 0.1 * jitter)
    }

    pub(crate) fn hysteresis(&self) -> Hysteresis {
        Hysteresis::new(self.failure_threshold, self.success_threshold)
    }

    /// Says what is wrong with the schedule of the check of this name, if anything is.
    pub(crate) fn problem(&self, name: &str) -> Option<RegisterError> {
        let (interval, timeout) = (self.interval, self.deadline());
        let shortest = interval.min(self.interval_while_failing);
        if interval > MAX_INTERVAL || shortest < MIN_INTERVAL {
            return Some(RegisterError::InvalidInterval { name: name.into() });
        }
        let is_refused = timeout < MIN_TIMEOUT || timeout > interval;
        is_refused.then(|| RegisterError::InvalidTimeout {
            name: name.into(),
            timeout,
            interval,
        })
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            interval_while_failing: Duration::from_secs(2),
            timeout: None,
            failure_threshold: 3,
            success_threshold: 2,
        }
    }
}

const MIN_INTERVAL: Duration = Duration::from_millis(100);
const MAX_INTERVAL: Duration = Duration::from_hours(24);
const MIN_TIMEOUT: Duration = Duration::from_millis(1);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn every(interval: Duration) -> Schedule {
        Schedule {
            interval,
            ..Schedule::default()
        }
    }

    #[test]
    fn a_pause_is_the_interval_and_up_to_a_tenth_more() {
        let schedule = Schedule::default();
        for (settled, interval) in [(true, 10 * SECOND), (false, 2 * SECOND)] {
            assert_eq!(schedule.pause(settled, 0.0), interval);
            assert_eq!(schedule.pause(settled, 1.0), interval * 11 / 10);
        }
    }

    #[test]
    fn a_check_that_fails_never_runs_less_often() {
        let schedule = every(SECOND);
        assert_eq!(schedule.pause(false, 0.5), schedule.pause(true, 0.5));
    }

    #[test]
    fn schedules_that_make_no_sense_are_refused() {
        let of = |interval, timeout| {
            let schedule = Schedule {
                timeout: Some(timeout),
                ..every(interval)
            };
            schedule.problem("a").map(|error| error.to_string())
        };
        assert_eq!(of(SECOND, SECOND), None);
        assert_eq!(of(MIN_INTERVAL, MIN_TIMEOUT), None);
        assert_eq!(of(MAX_INTERVAL, MAX_INTERVAL), None);
        let too_long = MAX_INTERVAL + SECOND;
        for interval in [Duration::ZERO, Duration::from_millis(99), too_long] {
            let said = of(interval, MIN_TIMEOUT).unwrap();
            assert!(said.contains("at least 100 milliseconds"), "{said}");
        }
        let failing = Schedule {
            interval_while_failing: Duration::ZERO,
            ..Schedule::default()
        };
        assert!(failing.problem("a").is_some());
        assert_eq!(
            of(SECOND, 2 * SECOND).unwrap(),
            "the check `a` may take 2s and runs every 1s: give it a timeout of at least a millisecond and at most its interval"
        );
        assert!(of(SECOND, Duration::ZERO).is_some());
    }

    #[test]
    fn a_short_interval_shortens_the_timeout_that_nobody_set() {
        let schedule = every(Duration::from_millis(200));
        assert_eq!(schedule.problem("a"), None);
        assert_eq!(schedule.deadline(), Duration::from_millis(200));
        assert_eq!(schedule.staleness_limit(), Duration::from_millis(800));
    }
}
