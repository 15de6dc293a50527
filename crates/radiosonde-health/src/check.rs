//! One dependency, how it is tested and what it means to the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::CheckFailed;
use crate::hysteresis::Hysteresis;

/// A check: how to test one dependency, how often, and how much the service depends on it.
///
/// A check does nothing until [`Health::register`](crate::Health::register) takes it. Its function makes one future per
/// run. The future runs as a task of the host's runtime, so that it can use the service's own pool or client; it must
/// not block the thread. One that panics has failed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use radiosonde_health::{Check, CheckFailed};
///
/// # #[derive(Clone)]
/// # struct Pool;
/// # impl Pool { async fn ping(&self) -> std::io::Result<()> { Ok(()) } }
/// # let pool = Pool;
/// let check = Check::new("database", move || {
///     let pool = pool.clone();
///     async move { Ok(pool.ping().await?) }
/// })
/// .critical()
/// .interval(Duration::from_secs(5));
///
/// assert_eq!(check.name(), "database");
/// ```
#[must_use = "a check does nothing until it is registered"]
pub struct Check {
    name: String,
    function: Arc<Function>,
    severity: Severity,
    interval: Duration,
    interval_while_failing: Duration,
    timeout: Duration,
    failure_threshold: u32,
    success_threshold: u32,
}

type Function = dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync;

/// What one run of a check says.
pub(crate) type Outcome = Result<(), CheckFailed>;

impl Check {
    /// Makes an optional check with the default schedule.
    ///
    /// The name is public: it stands in paths, answers and logs. [`Health::register`](crate::Health::register) says
    /// which names it takes.
    pub fn new<F, Fut>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), CheckFailed>> + Send + 'static,
    {
        Self {
            name: name.into(),
            function: Arc::new(move || Box::pin(function())),
            severity: Severity::Optional,
            interval: Duration::from_secs(10),
            interval_while_failing: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            failure_threshold: 3,
            success_threshold: 2,
        }
    }

    /// Makes the check critical: while it fails, the service is not ready.
    ///
    /// Every replica asks the same dependency, so all of them turn unready at once. Say it of those only without which
    /// no request can be answered.
    ///
    /// Defaults to optional.
    pub fn critical(mut self) -> Self {
        self.severity = Severity::Critical;
        self
    }

    /// Sets how long to wait between two runs, give or take a tenth.
    ///
    /// Counts as at least 100 milliseconds and at most a day.
    ///
    /// Defaults to 10 seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.clamp(MIN_INTERVAL, DAY);
        self
    }

    /// Sets how long to wait after a run that failed, and until the check passes again, give or take a tenth.
    ///
    /// Counts as at least 100 milliseconds and at most the [`interval`](Self::interval).
    ///
    /// Defaults to 2 seconds.
    pub fn interval_while_failing(mut self, interval: Duration) -> Self {
        self.interval_while_failing = interval.max(MIN_INTERVAL);
        self
    }

    /// Sets how long one run may take before it counts as failed and its future is dropped.
    ///
    /// The first probe waits for the first run, so keep it below the `timeoutSeconds` of the probe in the pod
    /// specification, or the orchestrator gives up first. Counts as at least 1 millisecond and at most a day.
    ///
    /// Defaults to 1 second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(MIN_TIMEOUT, DAY);
        self
    }

    /// Sets how many runs in a row must fail before a check that passes counts as failing; 0 counts as 1.
    ///
    /// The very first run decides alone: after a failure, nothing has ever shown that the dependency works.
    ///
    /// Defaults to 3.
    pub fn failure_threshold(mut self, runs: u32) -> Self {
        self.failure_threshold = runs.max(1);
        self
    }

    /// Sets how many runs in a row must succeed before a check that fails counts as passing; 0 counts as 1.
    ///
    /// The very first run decides alone.
    ///
    /// Defaults to 2.
    pub fn success_threshold(mut self, runs: u32) -> Self {
        self.success_threshold = runs.max(1);
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the future of one run. The user's code, all of it, runs when it is polled.
    pub(crate) fn run(&self) -> impl Future<Output = Outcome> + Send + 'static {
        let function = Arc::clone(&self.function);
        async move { function().await }
    }

    pub(crate) fn severity(&self) -> Severity {
        self.severity
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.timeout
    }

    /// Returns the age from which on a result counts as failed.
    pub(crate) fn staleness_limit(&self) -> Duration {
        self.interval * 3 + self.timeout
    }

    /// Returns the time until the next run: jittered, so that checks and replicas that started together spread out.
    pub(crate) fn pause(&self, settled: bool) -> Duration {
        let interval = if settled {
            self.interval
        } else {
            self.interval_while_failing.min(self.interval)
        };
        interval.mul_f64(0.9 + 0.2 * fastrand::f64())
    }

    pub(crate) fn hysteresis(&self) -> Hysteresis {
        Hysteresis::new(self.failure_threshold, self.success_threshold)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("severity", &self.severity)
            .field("interval", &self.interval)
            .field("interval_while_failing", &self.interval_while_failing)
            .field("timeout", &self.timeout)
            .field("failure_threshold", &self.failure_threshold)
            .field("success_threshold", &self.success_threshold)
            .finish_non_exhaustive()
    }
}

/// What a failing check means to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The service is not ready.
    Critical,
    /// The service is degraded, and ready.
    Optional,
}

impl Severity {
    /// Returns the word for it: `critical` or `optional`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Optional => "optional",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const MIN_INTERVAL: Duration = Duration::from_millis(100);
const MIN_TIMEOUT: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str) -> Check {
        Check::new(name, async || Ok(()))
    }

    #[test]
    fn a_pause_is_the_interval_give_or_take_a_tenth() {
        for _ in 0..1_000 {
            let (settled, failing) = (check("a").pause(true), check("a").pause(false));
            assert!((9.0..=11.0).contains(&settled.as_secs_f64()), "{settled:?}");
            assert!((1.8..=2.2).contains(&failing.as_secs_f64()), "{failing:?}");
        }
    }

    #[test]
    fn a_check_that_fails_never_runs_less_often() {
        let check = check("a").interval(Duration::from_secs(1));
        assert!(check.pause(false) <= Duration::from_millis(1_100));
    }

    #[test]
    fn durations_at_both_ends_are_brought_into_range() {
        let fast = check("a").interval(Duration::ZERO).timeout(Duration::ZERO);
        assert!(fast.pause(true) >= Duration::from_millis(90));
        assert_eq!(fast.staleness_limit(), Duration::from_millis(301));

        let slow = check("a").interval(Duration::MAX).timeout(Duration::MAX);
        let slow = slow.interval_while_failing(Duration::MAX);
        assert!(slow.pause(false) <= DAY * 2);
        assert_eq!(slow.staleness_limit(), DAY * 4);
    }

    #[test]
    fn a_threshold_of_zero_counts_as_one() {
        let check = check("a").failure_threshold(0).success_threshold(0);
        assert_eq!((check.failure_threshold, check.success_threshold), (1, 1));
    }
}
