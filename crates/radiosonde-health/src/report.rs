//! What the checks say, as data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Severity;

/// The health of the service: every check, and what they come to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The worst [`CheckReport::status`], healthy without checks; unhealthy too while the process is not alive.
    ///
    /// Starting, draining and resting do not enter into it: they are no illness, and readiness reports them.
    pub status: Status,
    /// The checks, in the order of their registration.
    pub checks: Vec<CheckReport>,
}

impl Report {
    pub(crate) fn new(checks: Vec<CheckReport>, alive: bool) -> Self {
        let own = if alive {
            Status::Healthy
        } else {
            Status::Unhealthy
        };
        let status = checks
            .iter()
            .map(|check| check.status)
            .fold(own, Status::max);
        Self { status, checks }
    }
}

/// What is known of one check.
///
/// The public fields hold nothing that a stranger may not read. [`error`](Self::error) is for operators.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CheckReport {
    /// The name it was registered under.
    pub name: String,
    /// What its state means to the service.
    pub status: Status,
    /// What the service is without it.
    pub severity: Severity,
    /// What its results say.
    pub state: CheckState,
    /// The time since its last run ended; none before the first did.
    pub age: Option<Duration>,
    /// How long its last run took; none before the first ended.
    pub duration: Option<Duration>,
    pub(crate) error: Option<Arc<str>>,
}

impl CheckReport {
    /// Returns why the last failed run failed, until the check passes and its last run succeeded.
    ///
    /// The text names hosts, users and statements. Keep it from public endpoints.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Tells whether the check passes.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.state == CheckState::Passing
    }
}

/// How well the service, or what it has of a dependency, works. The worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// All of it works.
    Healthy,
    /// Something optional does not work; requests are served.
    Degraded,
    /// Something critical does not work.
    Unhealthy,
}

impl Status {
    /// Returns the word for it: `healthy`, `degraded` or `unhealthy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    pub(crate) fn of_check(state: CheckState, severity: Severity) -> Self {
        match (state, severity) {
            (CheckState::Passing, _) => Self::Healthy,
            (_, Severity::Optional) => Self::Degraded,
            (_, Severity::Critical) => Self::Unhealthy,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the results of a check say. All but passing count as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckState {
    /// No run has ended yet.
    Unknown,
    /// The dependency works.
    Passing,
    /// The dependency does not work.
    Failing,
    /// The last result is too old to say anything.
    Stale,
}

impl CheckState {
    /// Returns the word for it: `unknown`, `passing`, `failing` or `stale`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Passing => "passing",
            Self::Failing => "failing",
            Self::Stale => "stale",
        }
    }
}

impl fmt::Display for CheckState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_critical_check_makes_the_service_unhealthy() {
        for state in [CheckState::Unknown, CheckState::Failing, CheckState::Stale] {
            let of = |severity| Status::of_check(state, severity);
            assert_eq!(of(Severity::Critical), Status::Unhealthy);
            assert_eq!(of(Severity::Optional), Status::Degraded);
        }
        let of = |severity| Status::of_check(CheckState::Passing, severity);
        assert_eq!(
            [of(Severity::Critical), of(Severity::Optional)],
            [Status::Healthy; 2]
        );
    }

    #[test]
    fn the_worse_status_is_the_greater() {
        assert!(Status::Healthy < Status::Degraded && Status::Degraded < Status::Unhealthy);
    }
}
