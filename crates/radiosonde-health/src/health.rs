//! The handle that checks are registered with and probes are answered by.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::lifecycle::Lifecycle;
use crate::monitor::Monitor;
use crate::{Check, CheckReport, Gate, Liveness, Readiness, RegisterError, Report, Startup};

/// The health of one service: its checks, its gates, and where it stands between start and end.
///
/// A cheap handle; clones are the same service. When the last one is dropped, the checks stop.
///
/// Checks run as tasks of the Tokio runtime that the service runs on. They start when they are registered, or, if that
/// is before there is a runtime, with the first startup or readiness probe or report that is answered inside one. If
/// that runtime ends, they move to the one that answers the next.
///
/// The runtime needs its time driver, as `#[tokio::main]` and `enable_all` give it.
///
/// # Examples
///
/// ```
/// use radiosonde_health::{Check, CheckFailed, Health};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), radiosonde_health::RegisterError> {
/// let health = Health::new();
/// health.register(Check::new("database", async || Ok(())).critical())?;
/// let migrations = health.gate("migrations");
///
/// assert!(health.liveness().alive);
/// assert!(!health.readiness().await.ready);
///
/// migrations.open();
/// assert!(health.readiness().await.ready);
///
/// health.start_draining();
/// assert!(health.liveness().alive);
/// assert!(!health.readiness().await.ready);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Health {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    lifecycle: Lifecycle,
    monitors: RwLock<Vec<Arc<Monitor>>>,
}

impl Health {
    /// Makes the health of a service without checks and gates, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a check and, inside a runtime, starts it.
    ///
    /// # Errors
    ///
    /// A name consists of lower-case letters, digits, `_` and `-`. It is refused when another check has it, and when
    /// `/health/` followed by it is a path of its own: `live`, `ready`, `startup`, `metrics`.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::{Check, Health};
    ///
    /// let health = Health::new();
    /// assert!(health.register(Check::new("database", async || Ok(()))).is_ok());
    /// assert!(health.register(Check::new("database", async || Ok(()))).is_err());
    /// assert!(health.register(Check::new("live", async || Ok(()))).is_err());
    /// ```
    pub fn register(&self, check: Check) -> Result<(), RegisterError> {
        self.inner.add(check)?;
        self.start_checks();
        Ok(())
    }

    /// Adds a step to the start: the service has not started before the gate is opened.
    ///
    /// Make all gates before serving. A gate that is made later takes the service back to starting. The name is public.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::Health;
    ///
    /// let health = Health::new();
    /// let migrations = health.gate("migrations");
    /// assert_eq!(health.startup().closed_gates, ["migrations"]);
    ///
    /// migrations.open();
    /// assert!(health.startup().started);
    /// ```
    pub fn gate(&self, name: impl Into<String>) -> Gate {
        self.inner.lifecycle.gate(name.into())
    }

    /// Turns readiness red, for good: the service finishes what it has and takes no more.
    ///
    /// Liveness stays green, because a restart would cut off what is still in flight. [`report`](Self::report) goes on
    /// as the checks say.
    pub fn start_draining(&self) {
        self.inner.lifecycle.start_draining();
    }

    /// Ends the checks, for good, and turns readiness red.
    ///
    /// Call it before closing the pools that the checks use, so that their last runs do not fail.
    pub fn stop(&self) {
        self.inner.lifecycle.stop();
        self.inner.stop_checks();
    }

    /// Declares that only a restart can help, for good: liveness, readiness and report turn red.
    ///
    /// Meant for what the process knows of itself, such as a worker that died and cannot be replaced; never for a
    /// dependency. The first reason stays. It goes to the log, and never to a public endpoint.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::Health;
    ///
    /// let health = Health::new();
    /// health.mark_unrecoverable("the writer thread died");
    /// assert!(!health.liveness().alive);
    /// ```
    pub fn mark_unrecoverable(&self, reason: impl AsRef<str>) {
        self.inner.lifecycle.mark_unrecoverable(reason.as_ref());
    }

    /// Answers the liveness probe, from what the process knows of itself.
    ///
    /// That the runtime makes progress is proved by whoever calls this on it.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        Liveness::new(self.inner.lifecycle.unrecoverable())
    }

    /// Answers the startup probe, from the gates.
    #[must_use]
    pub fn startup(&self) -> Startup {
        self.start_checks();
        Startup::new(self.inner.lifecycle.closed_gates())
    }

    /// Answers the readiness probe: ready when started, not draining, and every critical check passes.
    ///
    /// Reads the checks' last results. A check without one is waited for, for at most its timeout; all callers share
    /// its first run. A service that is not ready for another reason answers at once.
    ///
    /// # Panics
    ///
    /// Panics when it has to wait inside a Tokio runtime without the time driver. Outside a runtime it does not wait.
    pub async fn readiness(&self) -> Readiness {
        let monitors = self.inner.monitors();
        if self.inner.lifecycle.obstacles().is_empty() {
            self.first_results(&monitors).await;
        } else {
            self.start_checks();
        }
        // Only now: draining may have begun while we waited.
        Readiness::new(self.inner.lifecycle.obstacles(), reports(&monitors))
    }

    /// Returns what all checks say and what it comes to, waiting as [`readiness`](Self::readiness) does.
    ///
    /// # Panics
    ///
    /// Panics as [`readiness`](Self::readiness) does.
    pub async fn report(&self) -> Report {
        let monitors = self.inner.monitors();
        self.first_results(&monitors).await;
        Report::new(reports(&monitors), !self.liveness().alive)
    }

    /// Returns what one check says, waiting for this one only; none if no check has the name.
    ///
    /// # Panics
    ///
    /// Panics as [`readiness`](Self::readiness) does.
    pub async fn check(&self, name: &str) -> Option<CheckReport> {
        let monitors = self.inner.monitors();
        let monitor = monitors.iter().find(|monitor| monitor.name() == name)?;
        self.first_results(std::slice::from_ref(monitor)).await;
        Some(monitor.report())
    }

    async fn first_results(&self, monitors: &[Arc<Monitor>]) {
        if !self.start_checks() {
            return;
        }
        let asked = Instant::now();
        for monitor in monitors {
            monitor.first_result(asked).await;
        }
    }

    /// Starts the checks that do not run yet. Returns whether they run now.
    fn start_checks(&self) -> bool {
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        if self.inner.lifecycle.is_stopped() {
            return false;
        }
        for monitor in self.inner.monitors() {
            monitor.start(&runtime);
        }
        true
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("lifecycle", &self.inner.lifecycle)
            .field("monitors", &self.inner.monitors())
            .finish()
    }
}

impl Inner {
    fn add(&self, check: Check) -> Result<(), RegisterError> {
        if let Some(error) = RegisterError::of_name(check.name()) {
            return Err(error);
        }
        let mut monitors = self
            .monitors
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if monitors
            .iter()
            .any(|monitor| monitor.name() == check.name())
        {
            let name = check.name().to_owned();
            return Err(RegisterError::DuplicateName { name });
        }
        monitors.push(Arc::new(Monitor::new(check)));
        Ok(())
    }

    /// Returns the monitors; a copy, so that no lock is held while they are waited for.
    fn monitors(&self) -> Vec<Arc<Monitor>> {
        let monitors = self.monitors.read().unwrap_or_else(PoisonError::into_inner);
        monitors.clone()
    }

    fn stop_checks(&self) {
        for monitor in self.monitors() {
            monitor.stop();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop_checks();
    }
}

fn reports(monitors: &[Arc<Monitor>]) -> Vec<CheckReport> {
    monitors.iter().map(|monitor| monitor.report()).collect()
}
