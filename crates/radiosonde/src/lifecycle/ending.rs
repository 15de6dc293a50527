//! The steps in which a service ends.

use std::time::Duration;

use radiosonde_health::Health;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::signal::Signals;
use crate::config::LifecycleSettings;

/// The way to the end: a signal; the drain delay, or the next signal; the drain timeout, or one more.
///
/// It is the same for all who go it, clones included: each listens to signals by itself, and who reaches the end of a step first
/// has reached it for all.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    health: Health,
    settings: LifecycleSettings,
    /// Since when requests are no more accepted.
    refusing: watch::Sender<Option<Instant>>,
}

impl Ending {
    pub(crate) fn new(health: Health, settings: LifecycleSettings) -> Self {
        Self {
            health,
            settings,
            refusing: watch::Sender::new(None),
        }
    }

    /// Waits until requests should no more be accepted. Readiness turns red on the way.
    pub(crate) async fn stop_accepting(&self, signals: &mut Signals) {
        if self.refusing.borrow().is_some() {
            return;
        }
        let mut refusing = self.refusing.subscribe();
        tokio::select! {
            // A signal that ended the step for somebody else is that of this step for us, and not of the next one.
            biased;
            () = self.drain_delay(signals) => {}
            _ = refusing.wait_for(Option::is_some) => {}
        }
    }

    /// Waits until what is still open should be cut, and returns how long it was waited for.
    pub(crate) async fn cut(&self, signals: &mut Signals) -> Duration {
        self.stop_accepting(signals).await;
        let since = *self.refusing.borrow();
        let since = since.unwrap_or_else(Instant::now);
        tokio::select! {
            () = sleep_until(since + self.settings.drain_timeout) => {}
            () = signals.next() => {}
        }
        since.elapsed()
    }

    async fn drain_delay(&self, signals: &mut Signals) {
        signals.next().await;
        self.health.start_draining();
        tokio::select! {
            () = sleep(self.settings.drain_delay) => {}
            () = signals.next() => {}
        }
        self.refusing
            .send_modify(|since| *since = since.or_else(|| Some(Instant::now())));
    }
}
