//! Where the service stands between its start and its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::Obstacle;
use crate::check_failed::presentable;

/// One named step of the start, made by [`Health::gate`](crate::Health::gate).
///
/// A gate is closed until [`open`](Self::open) is called. One that is dropped before stays closed for good, because a
/// step that was given up was not done. Clones are the same gate.
#[derive(Debug, Clone)]
#[must_use = "the service has not started before the gate is opened"]
pub struct Gate {
    state: Arc<GateState>,
}

#[derive(Debug)]
struct GateState {
    name: String,
    open: AtomicBool,
}

impl Gate {
    fn new(name: String) -> Self {
        let open = AtomicBool::new(false);
        Self {
            state: Arc::new(GateState { name, open }),
        }
    }

    /// Opens the gate, for good.
    pub fn open(&self) {
        if !self.state.open.swap(true, Ordering::AcqRel) {
            tracing::info!(gate = self.state.name, "start-up gate opened");
        }
    }

    fn is_open(&self) -> bool {
        self.state.open.load(Ordering::Acquire)
    }
}

/// What happened to the service so far. Everything here happens once and is not undone.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    gates: Mutex<Vec<Gate>>,
    draining: AtomicBool,
    stopped: AtomicBool,
    unrecoverable: OnceLock<Arc<str>>,
}

impl Lifecycle {
    pub(crate) fn gate(&self, name: String) -> Gate {
        let gate = Gate::new(name);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.push(gate.clone());
        gate
    }

    pub(crate) fn closed_gates(&self) -> Vec<String> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = gates.iter().filter(|gate| !gate.is_open());
        closed.map(|gate| gate.state.name.clone()).collect()
    }

    pub(crate) fn start_draining(&self) {
        if !self.draining.swap(true, Ordering::AcqRel) {
            tracing::info!("draining: no longer ready");
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn mark_unrecoverable(&self, reason: &str) {
        let reason = presentable(reason);
        if self.unrecoverable.set(reason.as_str().into()).is_ok() {
            tracing::error!(
                reason,
                "the process cannot recover: liveness fails from here on"
            );
        }
    }

    pub(crate) fn unrecoverable(&self) -> Option<Arc<str>> {
        self.unrecoverable.get().cloned()
    }

    /// Returns what keeps the service from being ready, checks apart.
    pub(crate) fn obstacles(&self) -> Vec<Obstacle> {
        let starting = !self.closed_gates().is_empty();
        let stopped = self.is_stopped();
        let draining = !stopped && self.draining.load(Ordering::Acquire);
        [
            (starting, Obstacle::Starting),
            (draining, Obstacle::Draining),
            (stopped, Obstacle::Stopped),
            (self.unrecoverable.get().is_some(), Obstacle::Unrecoverable),
        ]
        .into_iter()
        .filter_map(|(applies, obstacle)| applies.then_some(obstacle))
        .collect()
    }
}
