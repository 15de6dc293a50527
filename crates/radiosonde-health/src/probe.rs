//! The answers to the three questions of an orchestrator.

use std::fmt;
use std::sync::Arc;

use crate::{CheckReport, Severity};

/// Whether the process is worth keeping. If not, the orchestrator restarts it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Liveness {
    /// True when nothing is in the way.
    pub alive: bool,
    /// What is in the way: [`Obstacle::Stalled`] or [`Obstacle::Unrecoverable`].
    pub obstacles: Vec<Obstacle>,
    reason: Option<Arc<str>>,
}

impl Liveness {
    pub(crate) fn new(obstacles: Vec<Obstacle>, unrecoverable: Option<Arc<str>>) -> Self {
        Self {
            alive: obstacles.is_empty(),
            obstacles,
            reason: unrecoverable,
        }
    }

    /// Returns why the process cannot recover, as [`Health::mark_unrecoverable`](crate::Health::mark_unrecoverable) was
    /// told.
    ///
    /// The text is for operators. Keep it from public endpoints.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// Whether the service has started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Startup {
    /// True once every gate is open; without gates, from the beginning.
    pub started: bool,
    /// The names of the gates that are still closed.
    pub closed_gates: Vec<String>,
}

impl Startup {
    pub(crate) fn new(closed_gates: Vec<String>) -> Self {
        Self {
            started: closed_gates.is_empty(),
            closed_gates,
        }
    }
}

/// Whether the service wants requests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Readiness {
    /// True when nothing is in the way.
    pub ready: bool,
    /// All that is in the way: the lifecycle first, then the checks in the order of their registration.
    pub obstacles: Vec<Obstacle>,
    /// All checks, those that do not decide about readiness too.
    pub checks: Vec<CheckReport>,
}

impl Readiness {
    pub(crate) fn new(lifecycle: Vec<Obstacle>, checks: Vec<CheckReport>) -> Self {
        let decides =
            |check: &&CheckReport| check.severity == Severity::Critical && !check.is_passing();
        let mut obstacles = lifecycle;
        obstacles.extend(checks.iter().filter(decides).map(|check| Obstacle::Check {
            name: check.name.clone(),
        }));
        Self {
            ready: obstacles.is_empty(),
            obstacles,
            checks,
        }
    }
}

/// One reason for which a service is not ready or a process not alive. Its text is fit for strangers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// A gate is closed.
    Starting,
    /// Somebody took the service out of service.
    OutOfService,
    /// The service finishes what it has and takes no more.
    Draining,
    /// The service is done.
    Stopped,
    /// The runtime of the service no longer runs what is given to it.
    Stalled,
    /// The process was marked unrecoverable.
    Unrecoverable,
    /// A critical check does not pass.
    #[non_exhaustive]
    Check {
        /// The name of the check.
        name: String,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::OutOfService => f.write_str("out of service"),
            Self::Draining => f.write_str("draining"),
            Self::Stopped => f.write_str("stopped"),
            Self::Stalled => f.write_str("runtime stalled"),
            Self::Unrecoverable => f.write_str("unrecoverable"),
            Self::Check { name } => write!(f, "check {name}"),
        }
    }
}
