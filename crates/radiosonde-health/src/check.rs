//! One dependency, how it is tested and what it means to the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::hysteresis::Hysteresis;
use crate::{CheckFailed, RegisterError};

/// A check: how to test one dependency, how often, and how much the service depends on it.
///
/// A check does nothing until [`Health::register`](crate::Health::register) takes it. Its function makes one future per
/// run. The future runs as a task of the host's runtime, so that it can use the service's own pool or client; it must
/// not block the thread, which is what [`blocking`](Self::blocking) is for. One that panics has failed.
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
    timeout: Option<Duration>,
    failure_threshold: u32,
    success_threshold: u32,
}

/// Makes the future of one run, which may take so long.
type Function = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync;

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
        Self::within(name, move |_| function())
    }

    /// Makes an optional check whose function is told how long a run may take.
    fn within<F, Fut>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn(Duration) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self {
            name: name.into(),
            function: Arc::new(move |timeout| Box::pin(function(timeout))),
            severity: Severity::Optional,
            interval: Duration::from_secs(10),
            interval_while_failing: Duration::from_secs(2),
            timeout: None,
            failure_threshold: 3,
            success_threshold: 2,
        }
    }

    /// Makes a check whose function blocks its thread, such as one that asks the file system. It runs on a thread of
    /// Tokio's that may be blocked.
    ///
    /// A run that outlives its timeout has failed, and cannot be stopped: the function is called again after it has ended, and
    /// until then every run fails in its turn. So a check never blocks more than one thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::Check;
    ///
    /// let check = Check::blocking("uploads", || {
    ///     std::fs::metadata("/var/lib/checkout/uploads")?;
    ///     Ok(())
    /// });
    /// # assert_eq!(check.name(), "uploads");
    /// ```
    pub fn blocking<F>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn() -> Result<(), CheckFailed> + Send + Sync + 'static,
    {
        Self::blocking_within(name, move |_| function())
    }

    /// Makes a check whose function blocks its thread, as [`blocking`](Self::blocking) does, and is told how much of the
    /// [`timeout`](Self::timeout) is left when it is called. It is for functions that can be given a time to end by.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::TcpStream;
    ///
    /// use radiosonde_health::Check;
    ///
    /// let check = Check::blocking_within("ledger", |left| {
    ///     TcpStream::connect_timeout(&([10, 0, 0, 7], 1521).into(), left)?;
    ///     Ok(())
    /// });
    /// # assert_eq!(check.name(), "ledger");
    /// ```
    pub fn blocking_within<F>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn(Duration) -> Result<(), CheckFailed> + Send + Sync + 'static,
    {
        let (function, turns) = (Arc::new(function), Arc::new(Semaphore::new(1)));
        Self::within(name, move |timeout| {
            let (function, turns) = (Arc::clone(&function), Arc::clone(&turns));
            let began = Instant::now();
            async move {
                let turn = turns.acquire_owned().await;
                let work = move || {
                    // Kept until the function has returned, whoever still waits for it.
                    let _turn = turn;
                    function(timeout.saturating_sub(began.elapsed()))
                };
                match tokio::task::spawn_blocking(work).await {
                    Ok(outcome) => outcome,
                    Err(error) if error.is_panic() => Err(CheckFailed::panicked()),
                    Err(_) => Err(CheckFailed::new("the runtime is ending")),
                }
            }
        })
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

    /// Sets how long to wait between two runs, and up to a tenth longer, so that checks and replicas which started together
    /// spread out. The dependency is never asked more than once in this time.
    ///
    /// [`Health::register`](crate::Health::register) refuses less than 100 milliseconds and more than a day.
    ///
    /// Defaults to 10 seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how long to wait after a run that failed, and until the check passes again, and up to a tenth longer.
    ///
    /// Counts as at most the [`interval`](Self::interval). [`Health::register`](crate::Health::register) refuses less
    /// than 100 milliseconds.
    ///
    /// Defaults to 2 seconds.
    pub fn interval_while_failing(mut self, interval: Duration) -> Self {
        self.interval_while_failing = interval;
        self
    }

    /// Sets how long one run may take before it counts as failed and its future is dropped.
    ///
    /// The first probe waits for the first run, so keep it below the `timeoutSeconds` of the probe in the pod
    /// specification, or the orchestrator gives up first. [`Health::register`](crate::Health::register) refuses less than
    /// 1 millisecond and more than the [`interval`](Self::interval).
    ///
    /// Defaults to 1 second, or to the interval if that is shorter.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
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
        let (function, timeout) = (Arc::clone(&self.function), self.deadline());
        async move { function(timeout).await }
    }

    pub(crate) fn severity(&self) -> Severity {
        self.severity
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT.min(self.interval))
    }

    /// Returns the age from which on a result counts as failed.
    pub(crate) fn staleness_limit(&self) -> Duration {
        self.interval * 3 + self.deadline()
    }

    /// Says what is wrong with the schedule, if anything is.
    pub(crate) fn problem(&self) -> Option<RegisterError> {
        let name = || self.name.clone();
        let intervals = [self.interval, self.interval_while_failing];
        if intervals[0] > DAY || intervals.iter().any(|interval| *interval < MIN_INTERVAL) {
            return Some(RegisterError::InvalidInterval { name: name() });
        }
        let timeout = self.deadline();
        if timeout < MIN_TIMEOUT || timeout > self.interval {
            let interval = self.interval;
            return Some(RegisterError::InvalidTimeout {
                name: name(),
                timeout,
                interval,
            });
        }
        None
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
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("severity", &self.severity)
            .field("interval", &self.interval)
            .field("interval_while_failing", &self.interval_while_failing)
            .field("timeout", &self.deadline())
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
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str) -> Check {
        Check::new(name, async || Ok(()))
    }

    #[test]
    fn a_pause_is_the_interval_and_up_to_a_tenth_more() {
        let seconds = Duration::from_secs;
        for (settled, interval) in [(true, seconds(10)), (false, seconds(2))] {
            assert_eq!(check("a").pause(settled, 0.0), interval);
            assert_eq!(check("a").pause(settled, 1.0), interval * 11 / 10);
        }
    }

    #[test]
    fn a_check_that_fails_never_runs_less_often() {
        let check = check("a").interval(Duration::from_secs(1));
        assert_eq!(check.pause(false, 0.0), check.pause(true, 0.0));
    }

    #[test]
    fn schedules_that_make_no_sense_are_refused() {
        let (second, day) = (Duration::from_secs(1), DAY);
        let problem = |check: Check| check.problem().map(|error| error.to_string());
        let of = |interval, timeout| problem(check("a").interval(interval).timeout(timeout));

        assert_eq!(of(second, second), None);
        assert_eq!(of(MIN_INTERVAL, MIN_TIMEOUT), None);
        assert_eq!(of(day, day), None);
        for interval in [Duration::ZERO, Duration::from_millis(99), day + second] {
            let said = of(interval, MIN_TIMEOUT).unwrap();
            assert!(said.contains("at least 100 milliseconds"), "{said}");
        }
        let failing = check("a").interval_while_failing(Duration::ZERO);
        assert!(problem(failing).is_some());
        assert_eq!(
            of(second, Duration::from_secs(2)).unwrap(),
            "the check `a` may take 2s and runs every 1s: give it a timeout of at least a millisecond and at most its interval"
        );
        assert!(of(second, Duration::ZERO).is_some());
    }

    #[test]
    fn a_short_interval_shortens_the_timeout_that_nobody_set() {
        let check = check("a").interval(Duration::from_millis(200));
        assert_eq!(check.problem(), None);
        assert_eq!(check.deadline(), Duration::from_millis(200));
        assert_eq!(check.staleness_limit(), Duration::from_millis(800));
    }

    #[test]
    fn a_threshold_of_zero_counts_as_one() {
        let check = check("a").failure_threshold(0).success_threshold(0);
        assert_eq!((check.failure_threshold, check.success_threshold), (1, 1));
    }
}
