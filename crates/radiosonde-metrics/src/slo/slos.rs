//! The engine: it samples, remembers and tells.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::budget::{Budget, show};
use super::snapshot::{InvalidSnapshot, Past, Snapshot};
use super::sources::{Scoped, Sources};
use super::{BudgetReport, BudgetState, Change};
use crate::Registry;

/// How often to [`sample`](Slos::sample).
pub const INTERVAL: Duration = Duration::from_secs(10);

/// The objectives of a registry, watched. A cheap handle.
///
/// It samples at each reading of the registry, and when somebody asks; call [`sample`](Self::sample) every [`INTERVAL`], so that
/// what happens is known to have happened then. `radiosonde` does.
///
/// Its metrics are `slo_events_total` and the others whose names begin with `slo_`.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::objective::{Objective, Objectives};
/// use radiosonde_catalog::HTTP_REQUESTS;
/// use radiosonde_metrics::slo::{BudgetState, Slos};
/// use radiosonde_metrics::{Registry, RegistryOptions};
///
/// let objectives = Objectives::new([Objective::availability("api", 99.9)]).unwrap();
/// let registry = Registry::with_options(RegistryOptions::new().objectives(objectives));
/// let slos = Slos::watch(&registry);
///
/// registry.counter(&HTTP_REQUESTS, &["GET", "/", "200", "ok"]).increment(7);
/// let [budget] = &slos.report()[..] else { panic!("there is one") };
/// assert_eq!((budget.period.events, budget.period.bad), (7, 0));
/// assert_eq!((budget.state, budget.remaining), (BudgetState::Kept, 1.0));
/// ```
#[derive(Clone)]
pub struct Slos {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    clock: Clock,
    scoped: Vec<Scoped>,
    state: Mutex<State>,
    listeners: Mutex<Vec<Listener>>,
    saving: Mutex<()>,
}

type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

type Listener = Arc<dyn Fn(&Change) + Send + Sync>;

struct State {
    sources: Sources,
    budgets: Vec<Budget>,
    /// What the clock said when watching began.
    began: Duration,
    /// How old the past was then: that of a process before this one, and the time between both.
    past: Duration,
}

impl Slos {
    /// Watches the objectives that a registry was made with, by the monotonic clock of the system.
    #[must_use]
    pub fn watch(registry: &Registry) -> Self {
        let start = Instant::now();
        Self::watch_by(registry, move || start.elapsed())
    }

    /// Watches the objectives that a registry was made with, by a clock that tells how long it is since any fixed moment.
    ///
    /// A clock that goes back stands still until it has caught up.
    #[must_use]
    pub fn watch_by(
        registry: &Registry,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let scoped: Vec<_> = registry.objectives().iter().flat_map(Scoped::of).collect();
        for objective in registry.objectives() {
            show(objective, registry);
        }
        let budgets = scoped.iter().map(|scoped| Budget::new(scoped, registry));
        let clock = Box::new(clock);
        let state = State {
            sources: Sources::default(),
            budgets: budgets.collect(),
            began: clock(),
            past: Duration::ZERO,
        };
        let slos = Self {
            inner: Arc::new(Inner {
                registry: registry.clone(),
                clock,
                scoped,
                state: Mutex::new(state),
                listeners: Mutex::default(),
                saving: Mutex::default(),
            }),
        };
        if !slos.is_empty() {
            // The registry must not keep alive what keeps it alive.
            let inner = Arc::downgrade(&slos.inner);
            registry.before_reading(move || {
                if let Some(inner) = inner.upgrade() {
                    Self { inner }.sample();
                }
            });
        }
        slos
    }

    /// Tells whether there is nothing to watch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.scoped.is_empty()
    }

    /// Takes note of what happened since the last time, and tells who listens if a budget stands in another way.
    pub fn sample(&self) {
        let _ = self.report();
    }

    /// Samples, and returns how every budget stands: in the order of the names of objectives, and of the routes as they
    /// were declared.
    #[must_use]
    pub fn report(&self) -> Vec<BudgetReport> {
        let (reports, changes) = self.inner.sample();
        for change in &changes {
            self.inner.tell(change);
        }
        reports
    }

    /// Returns the worst state that a budget was in when it was sampled last.
    #[must_use]
    pub fn worst(&self) -> BudgetState {
        let state = self.inner.state();
        let states = state.budgets.iter().map(|budget| budget.state);
        states.max().unwrap_or(BudgetState::Kept)
    }

    /// Calls a function when a budget stands in another way than before.
    ///
    /// It is called by whoever samples, also by a scrape, and should be short; a panic in it is caught.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        let listeners = self.inner.listeners.lock();
        let mut listeners = listeners.unwrap_or_else(PoisonError::into_inner);
        listeners.push(Arc::new(listener));
    }

    /// Samples, and returns the past of all budgets as bytes. The time is that of the clock on the wall.
    #[must_use]
    pub fn snapshot(&self, time: SystemTime) -> Vec<u8> {
        self.sample();
        let mut state = self.inner.state();
        let now = state.now(&self.inner);
        let budgets = state.budgets.iter_mut().zip(&self.inner.scoped);
        let budgets = budgets.map(|(budget, scoped)| {
            // Marks are numbered by the time, which may have gone on since the sample.
            budget.history.rest_until(now);
            Past {
                name: scoped.identity(),
                total: budget.history.total(),
                marks: budget.history.marks(),
            }
        });
        let budgets = budgets.collect();
        let snapshot = Snapshot {
            taken: time,
            now,
            budgets,
        };
        snapshot.write()
    }

    /// Goes on where a snapshot ends, as if the time since then had passed without requests.
    ///
    /// To be called once, when the process starts. Budgets that the snapshot does not have, because their objective is new
    /// or is about something else now, start anew; another target alone changes nothing of what was counted.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSnapshot`] when the bytes are none. Nothing changes then.
    pub fn restore(&self, bytes: &[u8], time: SystemTime) -> Result<Restored, InvalidSnapshot> {
        let mut snapshot = Snapshot::read(bytes)?;
        // A clock that was put back makes no time pass.
        let gap = time.duration_since(snapshot.taken).unwrap_or_default();
        let mut state = self.inner.state();
        let now = snapshot.now.saturating_add(gap);
        state.past = now.saturating_sub(state.running(&self.inner));
        let mut restored = Restored {
            gap,
            started_anew: Vec::new(),
        };
        for (budget, scoped) in state.budgets.iter_mut().zip(&self.inner.scoped) {
            let name = scoped.identity();
            let found = snapshot.budgets.iter().position(|past| past.name == name);
            let past = found.map(|index| snapshot.budgets.swap_remove(index));
            let taken_over = past.is_some_and(|past| budget.take_over(past, snapshot.now, scoped));
            if !taken_over {
                restored.started_anew.push(scoped.to_string());
            }
            budget.history.rest_until(now);
        }
        Ok(restored)
    }

    /// Lets one thread at a time write a snapshot to a file: two would write to the same new one, and the older might come last.
    pub(super) fn saving(&self) -> MutexGuard<'_, ()> {
        self.inner
            .saving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn sample(&self) -> (Vec<BudgetReport>, Vec<Change>) {
        let mut state = self.state();
        let now = state.now(self);
        let totals = state.sources.totals(&self.registry, &self.scoped);
        let (mut reports, mut changes) = (Vec::with_capacity(totals.len()), Vec::new());
        let budgets = state.budgets.iter_mut().zip(&self.scoped);
        for ((budget, scoped), total) in budgets.zip(totals) {
            let report = budget.sample(scoped, now, total);
            let from = std::mem::replace(&mut budget.state, report.state);
            if from != report.state {
                let to = report.clone();
                changes.push(Change { from, to });
            }
            reports.push(report);
        }
        (reports, changes)
    }

    /// Tells who listens, and the log. Called without a lock.
    fn tell(&self, change: &Change) {
        change.log();
        let listeners = self.listeners.lock();
        let listeners = listeners.unwrap_or_else(PoisonError::into_inner).clone();
        for listener in listeners {
            let _ = catch_unwind(AssertUnwindSafe(|| listener(change)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic left behind would be a sample that some budgets have: the next one puts that right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns how long this process has been watching.
    fn running(&self, inner: &Inner) -> Duration {
        (inner.clock)().saturating_sub(self.began)
    }

    fn now(&self, inner: &Inner) -> Duration {
        self.past.saturating_add(self.running(inner))
    }
}

impl fmt::Debug for Slos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slos")
            .field("budgets", &self.inner.scoped.len())
            .field("worst", &self.worst())
            .finish_non_exhaustive()
    }
}

/// What became of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// How long ago the snapshot was taken.
    pub gap: Duration,
    /// The budgets that were not in it.
    pub started_anew: Vec<String>,
}
