//! The filter of the log, which may change while the service runs.
//!
//! A filter that was set for some time is taken back by a thread that does nothing else, and ends with it: those that write
//! and export have somebody to wait for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tracing::level_filters::LevelFilter;
use tracing_log::AsLog as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{EnvFilter, Registry};

/// Changes the filter of the log. Clones change the same one.
#[derive(Debug, Clone)]
pub(crate) struct LogFilter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// What was configured.
    configured: String,
    handle: Handle<EnvFilter, Registry>,
    now: Mutex<Now>,
    /// Whether records of the `log` crate come through us, and must be let through as well.
    bridged: AtomicBool,
}

/// What holds now.
#[derive(Debug, Default)]
struct Now {
    /// None for what was configured.
    filter: Option<ForNow>,
    /// Wakes the thread that takes it back. There is one as long as there is something to take back.
    wakes: Option<Sender<()>>,
}

/// A filter that will be taken back.
#[derive(Debug, Clone)]
struct ForNow {
    directives: String,
    until: Instant,
}

/// Which events become lines.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFilterState {
    /// The directives, in the syntax of `RUST_LOG`.
    pub directives: String,
    /// How long they hold until those that were configured come back; none when these are they.
    pub expires_in: Option<Duration>,
}

/// Why a filter of the log was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogFilterError {
    /// The directives have a syntax error.
    #[error("the log filter is wrong: {reason}; write it as `info` or `warn,my_crate=debug`")]
    #[non_exhaustive]
    Malformed {
        /// What their parser says.
        reason: String,
    },
    /// It would hold for too long, or for no time at all.
    #[error("a log filter holds for 1 second to 24 hours")]
    #[non_exhaustive]
    Lifetime,
    /// The subscriber that it belongs to is gone.
    #[error("the log has ended")]
    #[non_exhaustive]
    Ended,
    /// Nobody would take it back: there can be no thread that does.
    #[error("no thread can be started that takes the filter back: {reason}")]
    #[non_exhaustive]
    NoThread {
        /// What the operating system says.
        reason: String,
    },
}

impl LogFilter {
    /// Makes a filter, with the layer of the subscriber that asks it.
    pub(crate) fn new(configured: &str) -> (reload::Layer<EnvFilter, Registry>, Self) {
        let (layer, handle) = reload::Layer::new(EnvFilter::new(configured));
        let inner = Inner {
            configured: configured.to_owned(),
            handle,
            now: Mutex::default(),
            bridged: AtomicBool::default(),
        };
        (layer, Self(Arc::new(inner)))
    }

    /// Lets records of the `log` crate through as far as the filter does, now and later.
    pub(crate) fn bridge(&self) {
        self.0.bridged.store(true, Ordering::Relaxed);
        self.follow();
    }

    pub(crate) fn state(&self) -> LogFilterState {
        let now = Instant::now();
        match &self.now().filter {
            Some(ForNow { directives, until }) => LogFilterState {
                directives: directives.clone(),
                expires_in: Some(until.saturating_duration_since(now)),
            },
            None => LogFilterState {
                directives: self.0.configured.clone(),
                expires_in: None,
            },
        }
    }

    pub(crate) fn set(
        &self,
        directives: &str,
        lifetime: Duration,
    ) -> Result<LogFilterState, LogFilterError> {
        if !(SHORTEST..=LONGEST).contains(&lifetime) {
            return Err(LogFilterError::Lifetime);
        }
        let filter = EnvFilter::builder().parse(directives).map_err(|error| {
            let reason = error.to_string();
            LogFilterError::Malformed { reason }
        })?;
        let mut now = self.now();
        self.watch(&mut now).map_err(|error| {
            let reason = error.to_string();
            LogFilterError::NoThread { reason }
        })?;
        self.apply(filter)?;
        now.filter = Some(ForNow {
            directives: directives.to_owned(),
            until: Instant::now() + lifetime,
        });
        drop(now);
        Ok(self.state())
    }

    /// Takes back a filter that was set for some time.
    pub(crate) fn restore(&self) -> Result<(), LogFilterError> {
        self.take_back(&mut self.now())
    }

    fn take_back(&self, now: &mut Now) -> Result<(), LogFilterError> {
        // Who waits to do so ends.
        now.wakes = None;
        if now.filter.take().is_some() {
            self.apply(EnvFilter::new(&self.0.configured))?;
        }
        Ok(())
    }

    /// Has a thread look when the filter ends that is about to be set.
    fn watch(&self, now: &mut Now) -> std::io::Result<()> {
        if let Some(wakes) = &now.wakes
            && wakes.send(()).is_ok()
        {
            return Ok(());
        }
        let (wakes, woken) = channel();
        let filter = Arc::downgrade(&self.0);
        thread::Builder::new()
            .name("radiosonde-till".into())
            .spawn(move || take_back_when_due(&filter, &woken))?;
        now.wakes = Some(wakes);
        Ok(())
    }

    /// Takes it back if its time has passed, and returns how much is left if it has not.
    fn take_back_if_due(&self) -> Option<Duration> {
        let mut now = self.now();
        let until = now.filter.as_ref().map(|filter| filter.until);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Some(left);
        }
        // When the subscriber is gone, so is the filter.
        let _ = self.take_back(&mut now);
        None
    }

    fn apply(&self, filter: EnvFilter) -> Result<(), LogFilterError> {
        let applied = self.0.handle.reload(filter);
        applied.map_err(|_| LogFilterError::Ended)?;
        self.follow();
        Ok(())
    }

    fn follow(&self) {
        if self.0.bridged.load(Ordering::Relaxed) {
            tracing_log::log::set_max_level(LevelFilter::current().as_log());
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the filter ends, whichever is set meanwhile, and takes it back.
fn take_back_when_due(filter: &Weak<Inner>, woken: &Receiver<()>) {
    while let Some(left) = filter
        .upgrade()
        .and_then(|filter| LogFilter(filter).take_back_if_due())
    {
        if woken.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

const SHORTEST: Duration = Duration::from_secs(1);

/// A filter that is forgotten costs a day of lines at most.
const LONGEST: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use tracing::Dispatch;
    use tracing_subscriber::Layer as _;
    use tracing_subscriber::layer::{Identity, SubscriberExt as _};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A filter, with a subscriber that keeps it. Tracing knows of it: where it knows of one alone, that of another test, a change asks
    /// that of this thread, and switches the other off.
    fn filter() -> (LogFilter, Dispatch) {
        let (layer, filter) = LogFilter::new("info");
        let filtered = Identity::new().with_filter(layer);
        let subscriber = tracing_subscriber::registry().with(filtered);
        (filter, Dispatch::new(subscriber))
    }

    #[test]
    fn the_thread_that_takes_filters_back_ends_with_the_last_one() {
        let (filter, _subscriber) = filter();
        let hour = Duration::from_hours(1);
        filter.set("debug", hour).unwrap();
        let first = filter.now().wakes.clone().unwrap();
        filter.set("trace", SECOND).unwrap();
        assert!(first.send(()).is_ok(), "it is the same");
        // It holds for a second now, and not for the hour.
        while filter.state().expires_in.is_some() {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(filter.now().wakes.is_none());
        filter.set("debug", hour).unwrap();
        let second = filter.now().wakes.take().unwrap();
        filter.restore().unwrap();
        drop(filter);
        // Also one that waits for an hour.
        while second.send(()).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn without_its_subscriber_no_filter_is_set() {
        let (filter, subscriber) = filter();
        drop(subscriber);
        assert_eq!(filter.set("debug", SECOND), Err(LogFilterError::Ended));
        assert_eq!(filter.state().expires_in, None);
    }
}
