//! The handle that checks are registered with and probes are answered by.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::change::Listeners;
use crate::heartbeat::Heartbeat;
use crate::lifecycle::Lifecycle;
use crate::monitor::Monitor;
use crate::{
    Change, Check, CheckReport, Gate, Liveness, Readiness, RegisterError, Report, Startup,
};

/// The health of one service: its checks, its gates, and where it stands between start and end.
///
/// A cheap handle; clones are the same service. When the last one is dropped, the checks stop.
///
/// Checks run as tasks of the Tokio runtime that the service runs on. They start when they are registered, or, if that
/// is before there is a runtime, with the first startup or readiness probe or report that is answered inside one. If
/// that runtime ends, they move to the one that answers the next. [`watch_runtime`](Self::watch_runtime) ties them to
/// one.
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
#[derive(Clone)]
pub struct Health {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// What the jitter of all checks is made from.
    seed: u64,
    lifecycle: Lifecycle,
    monitors: RwLock<Vec<Arc<Monitor>>>,
    listeners: Arc<Listeners>,
    /// The runtime of the service, where that was told.
    runtime: OnceLock<Handle>,
    #[cfg(feature = "metrics")]
    pub(crate) registry: OnceLock<radiosonde_metrics::Registry>,
}

impl Health {
    /// Makes the health of a service without checks and gates, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes one whose checks, on the same clock, run at the same moments each time. For tests: replicas of a service should
    /// not share a seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use radiosonde_health::{Check, Health};
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let age_after_an_hour = async || {
    ///     let health = Health::with_seed(7);
    ///     health.register(Check::new("database", async || Ok(()))).unwrap();
    ///     sleep(Duration::from_hours(1)).await;
    ///     health.last_report().checks[0].age
    /// };
    /// assert_eq!(age_after_an_hour().await, age_after_an_hour().await);
    /// # }
    /// ```
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self {
            inner: Arc::new(Inner::new(seed)),
        }
    }

    /// Takes a check and, inside a runtime, starts it.
    ///
    /// # Errors
    ///
    /// A name consists of lower-case letters, digits, `_` and `-`. It is refused when another check has it, and when
    /// `/health/` followed by it is a path of its own: `live`, `ready`, `startup`, `metrics`. An interval below 100
    /// milliseconds or above a day is refused, and so is a timeout below a millisecond or above the interval.
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
        self.inner.lifecycle.gate(&name.into())
    }

    /// Turns readiness red, for good: the service finishes what it has and takes no more.
    ///
    /// Liveness stays green, because a restart would cut off what is still in flight. [`report`](Self::report) goes on
    /// as the checks say.
    pub fn start_draining(&self) {
        self.inner.lifecycle.start_draining();
    }

    /// Completes when draining begins, or the service is stopped without.
    ///
    /// For work that would not end by itself, such as an event stream or a socket: it can say goodbye before it is cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::Health;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let health = Health::new();
    /// let stream = tokio::spawn({
    ///     let end = health.draining();
    ///     async move {
    ///         end.await;
    ///         "goodbye"
    ///     }
    /// });
    ///
    /// health.start_draining();
    /// assert_eq!(stream.await.unwrap(), "goodbye");
    /// # }
    /// ```
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        self.inner.lifecycle.draining()
    }

    /// Turns readiness red until [`return_to_service`](Self::return_to_service): an operator wants no requests here.
    ///
    /// Everything else goes on. The last reason counts; it goes to the log, and never to a public endpoint.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_health::Health;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let health = Health::new();
    /// health.take_out_of_service("a look at a memory leak");
    /// assert!(!health.readiness().await.ready);
    ///
    /// health.return_to_service();
    /// assert!(health.readiness().await.ready);
    /// # }
    /// ```
    pub fn take_out_of_service(&self, reason: impl AsRef<str>) {
        self.inner.lifecycle.take_out_of_service(reason.as_ref());
    }

    /// Puts the service back into service.
    pub fn return_to_service(&self) {
        self.inner.lifecycle.return_to_service();
    }

    /// Returns why the service was taken out of service, if it was.
    ///
    /// The text is for operators. Keep it from public endpoints.
    #[must_use]
    pub fn out_of_service(&self) -> Option<Arc<str>> {
        self.inner.lifecycle.out_of_service()
    }

    /// Adds a listener, which is told of every [`Change`] from here on.
    ///
    /// It is called by whoever brings the change about, mostly a task of the runtime, so it must not block; let it send
    /// into a channel. A result that grew stale is noticed by the next probe or report. A panic in it is caught.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use radiosonde_health::{Change, Health};
    ///
    /// let health = Health::new();
    /// let (send, changes) = mpsc::channel();
    /// health.on_change(move |change| drop(send.send(change.clone())));
    ///
    /// health.start_draining();
    /// assert_eq!(changes.recv(), Ok(Change::Draining));
    /// ```
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        self.inner.listeners.add(listener);
    }

    /// Ties the checks to the runtime of the service, and returns a future that watches it: while the runtime does not
    /// run what is given to it, liveness and readiness are red.
    ///
    /// Spawn the future on another runtime, with a thread of its own, and answer probes there: the one that is watched
    /// cannot tell that it is stalled, and would not answer either. It is given an empty task each second, and has
    /// stalled when it left one undone for five seconds in which the watching one was awake. A process that was
    /// suspended, or gets little of a processor, has not.
    ///
    /// The future ends with the last [`Health`] of this service.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled outside a Tokio runtime with the time driver.
    pub fn watch_runtime(&self, runtime: &Handle) -> impl Future<Output = ()> + Send + use<> {
        let _ = self.inner.runtime.set(runtime.clone());
        self.start_checks();
        let (heartbeat, inner) = (Heartbeat::of(runtime.clone()), Arc::downgrade(&self.inner));
        async move {
            let tell = |stalled| match inner.upgrade() {
                Some(inner) => {
                    inner.lifecycle.set_stalled(stalled);
                    true
                }
                None => false,
            };
            heartbeat.observe(tell).await;
        }
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
    /// That the runtime makes progress is proved by whoever calls this on it. Called elsewhere, it knows what
    /// [`watch_runtime`](Self::watch_runtime) found.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        let lifecycle = &self.inner.lifecycle;
        Liveness::new(lifecycle.fatal(), lifecycle.unrecoverable())
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
        self.last_readiness()
    }

    /// Answers as [`readiness`](Self::readiness) does, from what is known now, and waits for nothing.
    #[must_use]
    pub fn last_readiness(&self) -> Readiness {
        let checks = reports(&self.inner.monitors());
        Readiness::new(self.inner.lifecycle.obstacles(), checks)
    }

    /// Returns what all checks say and what it comes to, waiting as [`readiness`](Self::readiness) does.
    ///
    /// # Panics
    ///
    /// Panics as [`readiness`](Self::readiness) does.
    pub async fn report(&self) -> Report {
        self.first_results(&self.inner.monitors()).await;
        self.last_report()
    }

    /// Returns what all checks say and what it comes to, as it is known now, and waits for nothing.
    #[must_use]
    pub fn last_report(&self) -> Report {
        Report::new(reports(&self.inner.monitors()), self.liveness().alive)
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
        // Outside a runtime there is no clock to wait by.
        if !self.start_checks() || Handle::try_current().is_err() {
            return;
        }
        let asked = Instant::now();
        for monitor in monitors {
            monitor.first_result(asked).await;
        }
    }

    /// Starts the checks that do not run yet. Returns whether they run now.
    fn start_checks(&self) -> bool {
        if self.inner.lifecycle.is_stopped() {
            return false;
        }
        let told = self.inner.runtime.get().cloned();
        let Some(runtime) = told.or_else(|| Handle::try_current().ok()) else {
            return false;
        };
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

impl Default for Health {
    fn default() -> Self {
        Self::with_seed(fastrand::u64(..))
    }
}

impl Inner {
    fn new(seed: u64) -> Self {
        let listeners = Arc::<Listeners>::default();
        Self {
            seed,
            lifecycle: Lifecycle::new(Arc::clone(&listeners)),
            monitors: RwLock::default(),
            listeners,
            runtime: OnceLock::new(),
            #[cfg(feature = "metrics")]
            registry: OnceLock::new(),
        }
    }

    fn add(&self, check: Check) -> Result<(), RegisterError> {
        if let Some(error) = check.problem() {
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
        let seed = self.seed.wrapping_add(monitors.len() as u64);
        let monitor = Monitor::new(check, seed, Arc::clone(&self.listeners));
        monitors.push(Arc::new(monitor));
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
