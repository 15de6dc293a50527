//! Whether a runtime still runs what is given to it.
//!
//! A *beat* is a task that does nothing. One is given to the runtime each second, by an observer that lives elsewhere,
//! and the runtime has *missed* it if the observer finds it undone a second later. What counts is how often the observer
//! found it so, not how much time went by: a process that was suspended finds everything old when it wakes, and has done
//! nothing wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval};

/// The beat that a runtime has to do, and how often it was found undone.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    runtime: Handle,
    done: Arc<AtomicBool>,
    missed: u32,
}

impl Heartbeat {
    pub(crate) fn of(runtime: Handle) -> Self {
        let heartbeat = Self {
            runtime,
            done: Arc::new(AtomicBool::new(false)),
            missed: 0,
        };
        heartbeat.beat();
        heartbeat
    }

    /// Looks once a second, and tells each time whether the runtime has stalled, as long as somebody wants to know.
    pub(crate) async fn observe(mut self, tell: impl Fn(bool) -> bool) {
        let mut seconds = interval(BEAT);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is over at once.
        seconds.tick().await;
        loop {
            seconds.tick().await;
            if !tell(self.has_stalled()) {
                return;
            }
        }
    }

    fn has_stalled(&mut self) -> bool {
        if self.done.swap(false, Ordering::AcqRel) {
            self.missed = 0;
            self.beat();
        } else {
            self.missed = self.missed.saturating_add(1);
        }
        self.missed >= MISSED
    }

    /// Gives the runtime its next beat. One that has ended never does it.
    fn beat(&self) {
        let done = Arc::clone(&self.done);
        self.runtime
            .spawn(async move { done.store(true, Ordering::Release) });
    }
}

const BEAT: Duration = Duration::from_secs(1);

/// How many beats in a row a runtime may miss. A process that gets a tenth of a processor does its beats, if late.
const MISSED: u32 = 5;
