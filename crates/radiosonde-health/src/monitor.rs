//! A monitor: one check, the task that runs it, and what the runs said.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;
use tokio::time::error::Elapsed;

use crate::change::Listeners;
use crate::check::{Check, Outcome};
use crate::hysteresis::{Hysteresis, Verdict};
use crate::report::{CheckReport, CheckState, Status};
use crate::{Change, CheckFailed};

/// One check under observation.
///
/// Its task holds the monitor, never the [`Health`](crate::Health) above it, which stops the task when it is dropped.
pub(crate) struct Monitor {
    check: Check,
    /// What its jitter is made from.
    seed: u64,
    results: watch::Sender<Results>,
    task: Mutex<Task>,
    /// The state that was told last.
    told: Mutex<CheckState>,
    listeners: Arc<Listeners>,
}

/// The task that runs the check, if any.
enum Task {
    NotStarted,
    Started(AbortHandle),
    Stopped,
}

/// What the runs of the check said so far.
#[derive(Debug, Clone)]
struct Results {
    hysteresis: Hysteresis,
    last: Option<Run>,
    error: Option<Arc<str>>,
}

/// A run that ended.
#[derive(Debug, Clone, Copy)]
struct Run {
    ended: Instant,
    duration: Duration,
}

impl Monitor {
    pub(crate) fn new(check: Check, seed: u64, listeners: Arc<Listeners>) -> Self {
        let results = Results {
            hysteresis: check.schedule().hysteresis(),
            last: None,
            error: None,
        };
        Self {
            check,
            seed,
            results: watch::Sender::new(results),
            task: Mutex::new(Task::NotStarted),
            told: Mutex::new(CheckState::Unknown),
            listeners,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.check.name()
    }

    /// Starts the task, unless it runs or was stopped.
    ///
    /// A task ends by itself only with its runtime; it is then started anew on this one.
    pub(crate) fn start(self: &Arc<Self>, runtime: &Handle) {
        let mut task = self.task();
        let ended = match &*task {
            Task::NotStarted => true,
            Task::Started(handle) => handle.is_finished(),
            Task::Stopped => false,
        };
        if ended {
            let handle = runtime.spawn(Arc::clone(self).observe());
            *task = Task::Started(handle.abort_handle());
        }
    }

    /// Stops the task for good, and drops the run in flight.
    pub(crate) fn stop(&self) {
        if let Task::Started(handle) = std::mem::replace(&mut *self.task(), Task::Stopped) {
            handle.abort();
        }
    }

    /// Waits for the first run to end, until the timeout of the check has passed since `asked`.
    pub(crate) async fn first_result(&self, asked: Instant) {
        if self.results.borrow().last.is_some() {
            return;
        }
        let mut results = self.results.subscribe();
        let ended = results.wait_for(|results| results.last.is_some());
        // Without a result in time the report says `unknown`, which counts as failed.
        let deadline = asked + self.check.schedule().deadline();
        let _ = tokio::time::timeout_at(deadline, ended).await;
    }

    pub(crate) fn report(&self) -> CheckReport {
        let results = self.results.borrow().clone();
        let age = results.last.map(|run| run.ended.elapsed());
        let state = self.state(results.hysteresis.verdict(), age);
        if state == CheckState::Stale {
            // Nobody else notices that nothing happens.
            self.tell();
        }
        CheckReport {
            name: self.name().to_owned(),
            status: Status::of_check(state, self.check.severity()),
            severity: self.check.severity(),
            state,
            age,
            duration: results.last.map(|run| run.duration),
            error: results.error,
        }
    }

    fn state(&self, verdict: Verdict, age: Option<Duration>) -> CheckState {
        let stale = age.is_some_and(|age| age > self.check.schedule().staleness_limit());
        match verdict {
            Verdict::Unknown => CheckState::Unknown,
            _ if stale => CheckState::Stale,
            Verdict::Passing => CheckState::Passing,
            Verdict::Failing => CheckState::Failing,
        }
    }

    async fn observe(self: Arc<Self>) {
        let mut random = Rng::with_seed(self.seed);
        loop {
            self.run_once().await;
            tokio::time::sleep(self.pause(random.f64())).await;
        }
    }

    async fn run_once(&self) {
        let (started, deadline) = (Instant::now(), self.check.schedule().deadline());
        // A task of its own: a panic ends there, and a run that blocks its thread does not keep us from saying so.
        let mut run = JoinSet::new();
        run.spawn(self.check.run());
        // Tokio wakes no other thread for a first task, and nobody would look after timers while that blocks; for a second it does.
        tokio::spawn(std::future::ready(()));
        let joined = tokio::time::timeout(deadline, run.join_next()).await;
        self.record(outcome(joined, deadline), started);
        // A run that outlived its deadline is dropped, and awaited: two are never in flight. One that blocks its thread cannot be
        // dropped, and stands for all those that it holds up.
        while tokio::time::timeout(self.pause(0.0), run.shutdown())
            .await
            .is_err()
        {
            self.record(Err(no_answer(deadline)), started);
        }
    }

    /// Returns the time until the next run, with so much jitter.
    fn pause(&self, jitter: f64) -> Duration {
        let settled = self.results.borrow().hysteresis.is_settled();
        self.check.schedule().pause(settled, jitter)
    }

    fn record(&self, outcome: Outcome, started: Instant) {
        let ended = Instant::now();
        let run = Run {
            ended,
            duration: ended - started,
        };
        let error = outcome.err().map(|failed| failed.to_string().into());
        self.results.send_modify(|results| results.add(run, error));
        self.tell();
    }

    /// Tells the state, if it is another than the one that was told last.
    fn tell(&self) {
        let (from, to, error) = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let results = self.results.borrow();
            let age = results.last.map(|run| run.ended.elapsed());
            let to = self.state(results.hysteresis.verdict(), age);
            (std::mem::replace(&mut *told, to), to, results.error.clone())
        };
        if from == to {
            return;
        }
        self.log(from, to, error.as_deref().unwrap_or_default());
        self.listeners.tell(&Change::Check {
            name: self.name().to_owned(),
            severity: self.check.severity(),
            from,
            to,
        });
    }

    fn log(&self, from: CheckState, to: CheckState, error: &str) {
        let (check, severity) = (self.name(), self.check.severity().as_str());
        match (from, to) {
            (_, CheckState::Failing) => {
                tracing::warn!(check, severity, error, "health check fails");
            }
            (_, CheckState::Stale) => {
                tracing::warn!(check, severity, "health check result is stale");
            }
            (CheckState::Failing | CheckState::Stale, _) => {
                tracing::info!(check, severity, "health check passes again");
            }
            _ => {}
        }
    }

    fn task(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("check", &self.check)
            .field("results", &*self.results.borrow())
            .finish_non_exhaustive()
    }
}

impl Results {
    /// Takes a run, which failed if there is an error.
    fn add(&mut self, run: Run, error: Option<Arc<str>>) {
        self.hysteresis.record(error.is_none());
        self.last = Some(run);
        if error.is_some() || self.hysteresis.is_settled() {
            self.error = error;
        }
    }
}

/// Says how a run ended: by itself, by a panic, or not at all.
fn outcome(
    joined: Result<Option<Result<Outcome, JoinError>>, Elapsed>,
    deadline: Duration,
) -> Outcome {
    match joined {
        Ok(Some(Ok(outcome))) => outcome,
        Ok(Some(Err(error))) if error.is_panic() => Err(CheckFailed::panicked()),
        Ok(_) => Err(CheckFailed::new("the check was cancelled")),
        Err(_) => Err(no_answer(deadline)),
    }
}

fn no_answer(deadline: Duration) -> CheckFailed {
    CheckFailed::new(format_args!("no answer within {deadline:?}"))
}
