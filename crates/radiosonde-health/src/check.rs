//! One dependency, how it is tested and what it means to the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::schedule::Schedule;
use crate::{CheckFailed, RegisterError, Severity};

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
    schedule: Schedule,
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
    ///
    /// # Blocking
    ///
    /// The function and its future must not block their thread: no `std::thread::sleep`, no client without `async`, no file
    /// system. A runtime of one thread would stop with it, for as long as it blocks: no request is answered, no timer goes
    /// off, the timeout of this very check included, and nobody says that it fails. A runtime of several threads loses one of
    /// them; the check then fails at its timeout, and once more each time it would run, and is not run again before the thread is
    /// free.
    ///
    /// Use [`blocking`](Self::blocking) for what blocks. Where a service may block its runtime all the same, only a probe
    /// that is answered elsewhere can tell: [`Health::watch_runtime`](crate::Health::watch_runtime).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::ready;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use radiosonde_health::{Check, CheckFailed};
    ///
    /// let waiting = Arc::new(AtomicUsize::new(0));
    /// let check = Check::new("backlog", {
    ///     let waiting = Arc::clone(&waiting);
    ///     move || match waiting.load(Ordering::Relaxed) {
    ///         0..1_000 => ready(Ok(())),
    ///         jobs => ready(Err(CheckFailed::new(format_args!("{jobs} jobs wait")))),
    ///     }
    /// });
    /// # assert_eq!(check.name(), "backlog");
    /// ```
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
            schedule: Schedule::default(),
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
    /// Nothing may be left: a thread was free too late, or the run before, which hung, has only now ended. The run has failed
    /// then, whatever the function says, and it should return at once. Some functions take a time of zero for an error, as the
    /// one below does, and others for no limit: those need a look first.
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
        self.schedule.interval = interval;
        self
    }

    /// Sets how long to wait after a run that failed, and until the check passes again, and up to a tenth longer.
    ///
    /// Counts as at most the [`interval`](Self::interval). [`Health::register`](crate::Health::register) refuses less
    /// than 100 milliseconds.
    ///
    /// Defaults to 2 seconds.
    pub fn interval_while_failing(mut self, interval: Duration) -> Self {
        self.schedule.interval_while_failing = interval;
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
        self.schedule.timeout = Some(timeout);
        self
    }

    /// Sets how many runs in a row must fail before a check that passes counts as failing; 0 counts as 1.
    ///
    /// The very first run decides alone: after a failure, nothing has ever shown that the dependency works.
    ///
    /// Defaults to 3.
    pub fn failure_threshold(mut self, runs: u32) -> Self {
        self.schedule.failure_threshold = runs.max(1);
        self
    }

    /// Sets how many runs in a row must succeed before a check that fails counts as passing; 0 counts as 1.
    ///
    /// The very first run decides alone.
    ///
    /// Defaults to 2.
    pub fn success_threshold(mut self, runs: u32) -> Self {
        self.schedule.success_threshold = runs.max(1);
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the future of one run. The user's code, all of it, runs when it is polled.
    pub(crate) fn run(&self) -> impl Future<Output = Outcome> + Send + 'static {
        let (function, timeout) = (Arc::clone(&self.function), self.schedule.deadline());
        async move { function(timeout).await }
    }

    pub(crate) fn severity(&self) -> Severity {
        self.severity
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Says what is wrong with the name or the schedule, if anything is.
    pub(crate) fn problem(&self) -> Option<RegisterError> {
        RegisterError::of_name(&self.name).or_else(|| self.schedule.problem(&self.name))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("severity", &self.severity)
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_of_zero_counts_as_one() {
        let check = Check::new("database", async || Ok(()));
        let check = check.failure_threshold(0).success_threshold(0);
        let schedule = check.schedule();
        assert_eq!(schedule.failure_threshold, 1);
        assert_eq!(schedule.success_threshold, 1);
    }
}
