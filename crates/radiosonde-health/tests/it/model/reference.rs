//! The model: what is true of a service, by the definitions and nothing else.

use std::time::Duration;

use radiosonde_health::{
    Change, Check, CheckReport, CheckState, Health, Obstacle, Severity, Status,
};
use tokio::time::Instant;

use crate::backend::Mood;

/// How one check is run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) critical: bool,
    pub(crate) interval: Duration,
    pub(crate) interval_while_failing: Duration,
    pub(crate) timeout: Duration,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

impl Plan {
    pub(crate) fn applied_to(&self, check: Check) -> Check {
        let check = check
            .interval(self.interval)
            .interval_while_failing(self.interval_while_failing)
            .timeout(self.timeout)
            .failure_threshold(self.failures)
            .success_threshold(self.successes);
        if self.critical {
            check.critical()
        } else {
            check
        }
    }
}

pub(crate) fn name_of(check: usize) -> String {
    format!("check{check}")
}

/// All that happened to a service.
#[derive(Debug)]
pub(crate) struct Model {
    checks: Vec<Checked>,
    closed_gates: Vec<usize>,
    is_out: bool,
    /// What the end has come to, if it began.
    end: Option<Obstacle>,
    is_unrecoverable: bool,
    /// What listeners were not told yet, checks apart.
    untold: Vec<Change>,
}

/// All that happened to one of its checks.
#[derive(Debug)]
struct Checked {
    name: String,
    plan: Plan,
    /// Each result, and whether it was a success.
    results: Vec<bool>,
    last: Option<Run>,
    last_error: Option<String>,
    /// When the run began that hangs.
    hanging: Option<Instant>,
    is_stopped: bool,
    told: CheckState,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    began: Instant,
    ended: Instant,
}

impl Model {
    pub(crate) fn new(plans: &[Plan], gates: usize) -> Self {
        let plans = plans.iter().cloned().enumerate();
        Self {
            checks: plans.map(|(n, plan)| Checked::new(n, plan)).collect(),
            closed_gates: (0..gates).collect(),
            is_out: false,
            end: None,
            is_unrecoverable: false,
            untold: Vec::new(),
        }
    }

    pub(crate) fn open_gate(&mut self, gate: usize) {
        let closed = self.closed_gates.len();
        self.closed_gates.retain(|closed| *closed != gate);
        if closed == 1 && self.closed_gates.is_empty() {
            self.untold.push(Change::Started);
        }
    }

    pub(crate) fn take_out(&mut self) {
        if !std::mem::replace(&mut self.is_out, true) {
            self.untold.push(Change::OutOfService);
        }
    }

    pub(crate) fn put_back(&mut self) {
        if std::mem::replace(&mut self.is_out, false) {
            self.untold.push(Change::BackInService);
        }
    }

    pub(crate) fn drain(&mut self) {
        if self.end.is_none() {
            self.end = Some(Obstacle::Draining);
            self.untold.push(Change::Draining);
        }
    }

    pub(crate) fn stop(&mut self) {
        if self.end.replace(Obstacle::Stopped) != Some(Obstacle::Stopped) {
            self.untold.push(Change::Stopped);
        }
        for check in &mut self.checks {
            check.is_stopped = true;
            check.hanging = None;
        }
    }

    pub(crate) fn mark_unrecoverable(&mut self) {
        if !std::mem::replace(&mut self.is_unrecoverable, true) {
            self.untold.push(Change::Unrecoverable);
        }
    }

    /// Takes the runs of a check that began since the last time. Everything that is due has happened by now.
    pub(crate) fn observe(&mut self, check: usize, now: Instant, calls: Vec<(Instant, Mood)>) {
        self.checks[check].observe(now, calls);
    }

    /// Panics unless the service says the same of itself.
    pub(crate) fn agrees_with(
        &mut self,
        now: Instant,
        health: &Health,
        changes: impl Iterator<Item = Change>,
    ) {
        let fatal = self.fatal();
        let liveness = health.liveness();
        assert_eq!(liveness.obstacles, fatal);
        assert_eq!(liveness.alive, fatal.is_empty());

        let gates: Vec<_> = self
            .closed_gates
            .iter()
            .map(|n| format!("gate{n}"))
            .collect();
        let startup = health.startup();
        assert_eq!(startup.closed_gates, gates);
        assert_eq!(startup.started, gates.is_empty());

        let obstacles: Vec<_> = self.obstacles(now).collect();
        let readiness = health.last_readiness();
        let said = readiness.obstacles.iter().map(ToString::to_string);
        assert_eq!(said.collect::<Vec<_>>(), obstacles);
        assert_eq!(readiness.ready, obstacles.is_empty());

        let report = health.last_report();
        assert_eq!(report.status, self.status(now));
        for checks in [&readiness.checks, &report.checks] {
            assert_eq!(checks.len(), self.checks.len());
            for (check, said) in self.checks.iter().zip(checks) {
                check.agrees_with(now, said);
            }
        }
        self.was_told(now, changes);
    }

    /// Panics unless listeners were told all that changed, and nothing else.
    fn was_told(&mut self, now: Instant, changes: impl Iterator<Item = Change>) {
        let mut others = Vec::new();
        for change in changes {
            let Change::Check { name, from, to, .. } = &change else {
                others.push(change);
                continue;
            };
            let mut checks = self.checks.iter_mut();
            let check = checks.find(|check| check.name == *name);
            let check = check.expect("a check that is there");
            assert_eq!(*from, check.told, "{name}");
            check.told = *to;
        }
        for check in &self.checks {
            assert_eq!(check.told, check.state(now), "{}", check.name);
        }
        assert_eq!(others, std::mem::take(&mut self.untold));
    }

    fn fatal(&self) -> Vec<Obstacle> {
        let unrecoverable = self.is_unrecoverable.then_some(Obstacle::Unrecoverable);
        unrecoverable.into_iter().collect()
    }

    fn obstacles(&self, now: Instant) -> impl Iterator<Item = String> {
        let own = [
            (!self.closed_gates.is_empty(), "starting"),
            (self.is_out, "out of service"),
            (self.end == Some(Obstacle::Draining), "draining"),
            (self.end == Some(Obstacle::Stopped), "stopped"),
            (self.is_unrecoverable, "unrecoverable"),
        ];
        let own = own.into_iter().filter(|(applies, _)| *applies);
        let checks = self.checks.iter();
        let in_the_way = checks
            .filter(move |check| check.plan.critical && check.state(now) != CheckState::Passing);
        own.map(|(_, word)| word.to_owned())
            .chain(in_the_way.map(|check| format!("check {}", check.name)))
    }

    fn status(&self, now: Instant) -> Status {
        let fails = |check: &&Checked| check.state(now) != CheckState::Passing;
        let mut failing = self.checks.iter().filter(fails).peekable();
        if self.is_unrecoverable {
            Status::Unhealthy
        } else if failing.peek().is_none() {
            Status::Healthy
        } else if failing.any(|check| check.plan.critical) {
            Status::Unhealthy
        } else {
            Status::Degraded
        }
    }
}

impl Checked {
    fn new(n: usize, plan: Plan) -> Self {
        Self {
            name: name_of(n),
            plan,
            results: Vec::new(),
            last: None,
            last_error: None,
            hanging: None,
            is_stopped: false,
            told: CheckState::Unknown,
        }
    }

    fn observe(&mut self, now: Instant, calls: Vec<(Instant, Mood)>) {
        if let Some(began) = self.hanging
            && now >= began + self.plan.timeout
        {
            self.hanging = None;
            let error = format!("no answer within {:?}", self.plan.timeout);
            self.end(Run { began, ended: now }, Some(&error));
        }
        for (began, mood) in calls {
            self.may_begin(began);
            let run = Run {
                began,
                ended: began,
            };
            match mood {
                Mood::Up => self.end(run, None),
                Mood::Down => self.end(run, Some("connection refused")),
                Mood::Panicking => self.end(run, Some("the check panicked")),
                Mood::Hanging => self.hanging = Some(began),
            }
        }
        self.is_not_overdue(now);
    }

    fn end(&mut self, run: Run, error: Option<&str>) {
        self.results.push(error.is_none());
        self.last = Some(run);
        if let Some(error) = error {
            self.last_error = Some(error.to_owned());
        }
    }

    fn may_begin(&self, began: Instant) {
        let name = &self.name;
        assert!(!self.is_stopped, "{name} was run after its end");
        assert!(self.hanging.is_none(), "{name} was run twice at once");
        if let Some(last) = self.last {
            let pause = began - last.ended;
            assert!(
                pause >= self.pause(),
                "{name} was run again after {pause:?}"
            );
        }
    }

    fn is_not_overdue(&self, now: Instant) {
        let is_due = !self.is_stopped && self.hanging.is_none();
        let longest = self.pause() + self.pause() / 10 + TIMER;
        let rests = self.last.is_some_and(|last| now < last.ended + longest);
        assert!(!is_due || rests, "{} was not run", self.name);
    }

    /// Returns the least time between the last run and the next.
    fn pause(&self) -> Duration {
        if self.is_settled() {
            self.plan.interval
        } else {
            self.plan.interval_while_failing.min(self.plan.interval)
        }
    }

    fn is_settled(&self) -> bool {
        self.results.last() == Some(&true) && self.passes()
    }

    /// Tells what the latest results in a row say that were enough to decide; before there are some, what the first said.
    fn passes(&self) -> bool {
        let Some(first) = self.results.first() else {
            return false;
        };
        let decided = (1..=self.results.len()).rev().find_map(|end| {
            let last = self.results[end - 1];
            let needed = if last {
                self.plan.successes
            } else {
                self.plan.failures
            };
            let earlier = self.results[..end].iter().rev();
            let in_a_row = earlier.take_while(|result| **result == last).count();
            (in_a_row >= needed as usize).then_some(last)
        });
        decided.unwrap_or(*first)
    }

    fn state(&self, now: Instant) -> CheckState {
        let limit = self.plan.interval * 3 + self.plan.timeout;
        match self.last {
            None => CheckState::Unknown,
            Some(last) if now - last.ended > limit => CheckState::Stale,
            Some(_) if self.passes() => CheckState::Passing,
            Some(_) => CheckState::Failing,
        }
    }

    fn agrees_with(&self, now: Instant, said: &CheckReport) {
        let (passes, critical) = (self.state(now) == CheckState::Passing, self.plan.critical);
        let (severity, status) = match (critical, passes) {
            (true, true) => (Severity::Critical, Status::Healthy),
            (true, false) => (Severity::Critical, Status::Unhealthy),
            (false, true) => (Severity::Optional, Status::Healthy),
            (false, false) => (Severity::Optional, Status::Degraded),
        };
        assert_eq!(said.name, self.name);
        assert_eq!((said.severity, said.status), (severity, status));
        assert_eq!(said.state, self.state(now), "{}", self.name);
        assert_eq!(said.age, self.last.map(|last| now - last.ended));
        assert_eq!(said.duration, self.last.map(|last| last.ended - last.began));
        let error = self.last_error.as_deref().filter(|_| !self.is_settled());
        assert_eq!(said.error(), error);
    }
}

/// Timers go off at whole milliseconds.
const TIMER: Duration = Duration::from_millis(1);
