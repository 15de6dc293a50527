//! What changes, and who wants to know.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use crate::{CheckState, Severity};

/// One change of the health of a service, as [`Health::on_change`](crate::Health::on_change) tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The state of a check is another.
    #[non_exhaustive]
    Check {
        /// The name of the check.
        name: String,
        /// What the service is without it.
        severity: Severity,
        /// What its results said before.
        from: CheckState,
        /// What they say now.
        to: CheckState,
    },
    /// The last closed gate was opened.
    Started,
    /// Somebody took the service out of service.
    OutOfService,
    /// The service was put back into service.
    BackInService,
    /// The service finishes what it has and takes no more.
    Draining,
    /// The service is done.
    Stopped,
    /// The process was marked unrecoverable.
    Unrecoverable,
    /// The runtime of the service no longer runs what is given to it.
    Stalled,
    /// It does so again.
    Recovered,
}

/// Those who want to know.
#[derive(Default)]
pub(crate) struct Listeners(RwLock<Vec<Arc<Listener>>>);

type Listener = dyn Fn(&Change) + Send + Sync;

impl Listeners {
    pub(crate) fn add(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        let mut listeners = self.0.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Arc::new(listener));
    }

    /// Tells everybody. A listener that panics does not keep the others from it, nor ours from going on.
    pub(crate) fn tell(&self, change: &Change) {
        // A copy: a listener may add another.
        let listeners = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for listener in listeners {
            let _ = catch_unwind(AssertUnwindSafe(|| listener(change)));
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listeners = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Listeners").field(&listeners.len()).finish()
    }
}
