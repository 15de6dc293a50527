//! The steps in which a service ends.

use std::time::Duration;

use radiosonde_health::Health;
use radiosonde_metrics::attempt::attempt;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

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
        let timeout = async {
            match timer(since + self.settings.drain_timeout) {
                Some(timer) => timer.await,
                // What is open is not cut before its time.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timeout => {}
            () = signals.next() => {}
        }
        since.elapsed()
    }

    async fn drain_delay(&self, signals: &mut Signals) {
        signals.next().await;
        self.health.start_draining();
        let delay = async {
            // Without a timer there is no delay: the service has to end.
            if let Some(timer) = timer(Instant::now() + self.settings.drain_delay) {
                timer.await;
            }
        };
        tokio::select! {
            () = delay => {}
            () = signals.next() => {}
        }
        self.refusing
            .send_modify(|since| *since = since.or_else(|| Some(Instant::now())));
    }
}

/// Returns a timer; `None`, which is logged, in a runtime without the time driver.
fn timer(deadline: Instant) -> Option<Sleep> {
    // There is no asking beforehand: to make one is what panics without a driver.
    let timer = attempt(|| sleep_until(deadline));
    if timer.is_none() {
        tracing::error!(target: "radiosonde", "the runtime has no time driver: neither drain delay nor drain timeout is kept");
    }
    timer
}

#[cfg(test)]
mod tests {
    use std::future::{Future as _, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::Config;
    use crate::config::Settings;

    #[test]
    fn in_a_runtime_without_drivers_nothing_is_cut_and_nothing_panics() {
        let settings = Settings::resolve(&Config::new("checkout"), &|_| None, false).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            let ending = Ending::new(Health::new(), settings.lifecycle);
            ending.refusing.send_replace(Some(Instant::now()));
            let mut signals = Signals::listen();
            let mut cut = pin!(ending.cut(&mut signals));
            let waits = poll_fn(|cx| Poll::Ready(cut.as_mut().poll(cx).is_pending()));
            assert!(waits.await);
        });
    }
}
