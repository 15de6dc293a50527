//! Where the service stands between its start and its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use crate::change::Listeners;
use crate::check_failed::presentable;
use crate::{Change, Obstacle};

/// One named step of the start, made by [`Health::gate`](crate::Health::gate).
///
/// A gate is closed until [`open`](Self::open) is called. One that is dropped before stays closed for good, because a
/// step that was given up was not done. Clones are the same gate.
#[derive(Debug, Clone)]
#[must_use = "the service has not started before the gate is opened"]
pub struct Gate {
    name: Arc<str>,
    gates: Arc<Gates>,
}

impl Gate {
    /// Opens the gate, for good.
    pub fn open(&self) {
        let Some(still_closed) = self.gates.open(&self.name) else {
            return;
        };
        tracing::info!(gate = &*self.name, "start-up gate opened");
        if still_closed == 0 {
            self.gates.listeners.tell(&Change::Started);
        }
    }
}

/// The gates of a service that are closed, in the order in which they were made.
#[derive(Debug, Default)]
struct Gates {
    closed: Mutex<Vec<Arc<str>>>,
    listeners: Arc<Listeners>,
}

impl Gates {
    /// Opens one gate, and returns how many are still closed; none if it was open.
    ///
    /// In one step: of two that are opened at once, one is the last.
    fn open(&self, gate: &Arc<str>) -> Option<usize> {
        let mut closed = self.closed();
        // By place and not by name, which two gates may share.
        let place = closed.iter().position(|name| Arc::ptr_eq(name, gate))?;
        closed.remove(place);
        Some(closed.len())
    }

    fn closed(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happened to the service so far. What can be undone is that it was taken out of service, and that its runtime
/// stalled.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    gates: Arc<Gates>,
    phase: watch::Sender<Phase>,
    out_of_service: Mutex<Option<Arc<str>>>,
    stalled: AtomicBool,
    unrecoverable: OnceLock<Arc<str>>,
    listeners: Arc<Listeners>,
}

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Stopped,
}

impl Lifecycle {
    pub(crate) fn new(listeners: Arc<Listeners>) -> Self {
        Self {
            gates: Arc::new(Gates {
                closed: Mutex::default(),
                listeners: Arc::clone(&listeners),
            }),
            phase: watch::Sender::new(Phase::Serving),
            out_of_service: Mutex::default(),
            stalled: AtomicBool::new(false),
            unrecoverable: OnceLock::new(),
            listeners,
        }
    }

    pub(crate) fn gate(&self, name: &str) -> Gate {
        let name = Arc::from(name);
        self.gates.closed().push(Arc::clone(&name));
        Gate {
            name,
            gates: Arc::clone(&self.gates),
        }
    }

    pub(crate) fn closed_gates(&self) -> Vec<String> {
        let closed = self.gates.closed();
        closed.iter().map(|name| name.as_ref().to_owned()).collect()
    }

    pub(crate) fn start_draining(&self) {
        if self.enter(Phase::Draining) {
            tracing::info!("draining: no longer ready");
            self.listeners.tell(&Change::Draining);
        }
    }

    pub(crate) fn stop(&self) {
        if self.enter(Phase::Stopped) {
            self.listeners.tell(&Change::Stopped);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.phase.borrow() == Phase::Stopped
    }

    /// Waits until draining begins, or, where it never does, until the service is stopped or gone.
    pub(crate) fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut phase = self.phase.subscribe();
        async move {
            // What is gone serves no more either.
            let _ = phase.wait_for(|phase| *phase > Phase::Serving).await;
        }
    }

    pub(crate) fn take_out_of_service(&self, reason: &str) {
        let reason = presentable(reason);
        let before = self.reason_to_rest().replace(reason.as_str().into());
        if before.is_none() {
            tracing::warn!(reason, "out of service: no longer ready");
            self.listeners.tell(&Change::OutOfService);
        }
    }

    pub(crate) fn return_to_service(&self) {
        let before = self.reason_to_rest().take();
        if before.is_some() {
            tracing::info!("back in service");
            self.listeners.tell(&Change::BackInService);
        }
    }

    pub(crate) fn out_of_service(&self) -> Option<Arc<str>> {
        self.reason_to_rest().clone()
    }

    /// Takes note of whether the runtime of the service has stalled.
    pub(crate) fn set_stalled(&self, stalled: bool) {
        if self.stalled.swap(stalled, Ordering::AcqRel) == stalled {
            return;
        }
        if stalled {
            tracing::error!(
                "the runtime has run nothing for seconds: liveness fails until it does"
            );
            self.listeners.tell(&Change::Stalled);
        } else {
            tracing::warn!("the runtime runs again");
            self.listeners.tell(&Change::Recovered);
        }
    }

    pub(crate) fn mark_unrecoverable(&self, reason: &str) {
        let reason = presentable(reason);
        if self.unrecoverable.set(reason.as_str().into()).is_ok() {
            tracing::error!(
                reason,
                "the process cannot recover: liveness fails from here on"
            );
            self.listeners.tell(&Change::Unrecoverable);
        }
    }

    pub(crate) fn unrecoverable(&self) -> Option<Arc<str>> {
        self.unrecoverable.get().cloned()
    }

    /// Returns what keeps the process from being alive.
    pub(crate) fn fatal(&self) -> Vec<Obstacle> {
        chosen([
            (self.stalled.load(Ordering::Acquire), Obstacle::Stalled),
            (self.unrecoverable.get().is_some(), Obstacle::Unrecoverable),
        ])
    }

    /// Returns what keeps the service from being ready, checks apart.
    pub(crate) fn obstacles(&self) -> Vec<Obstacle> {
        let phase = *self.phase.borrow();
        let mut obstacles = chosen([
            (!self.gates.closed().is_empty(), Obstacle::Starting),
            (self.reason_to_rest().is_some(), Obstacle::OutOfService),
            (phase == Phase::Draining, Obstacle::Draining),
            (phase == Phase::Stopped, Obstacle::Stopped),
        ]);
        obstacles.extend(self.fatal());
        obstacles
    }

    /// Goes on to this phase, never back, and tells whether that was a step.
    fn enter(&self, next: Phase) -> bool {
        self.phase.send_if_modified(|phase| {
            let is_step = *phase < next;
            *phase = next.max(*phase);
            is_step
        })
    }

    fn reason_to_rest(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.out_of_service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns those that apply.
fn chosen<const N: usize>(obstacles: [(bool, Obstacle); N]) -> Vec<Obstacle> {
    let obstacles = obstacles.into_iter();
    obstacles
        .filter_map(|(applies, obstacle)| applies.then_some(obstacle))
        .collect()
}
