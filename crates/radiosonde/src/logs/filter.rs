//! The filter of the log, which may change while the service runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    for_now: Mutex<Option<ForNow>>,
    /// Whether records of the `log` crate come through us, and must be let through as well.
    bridged: AtomicBool,
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
}

impl LogFilter {
    /// Makes a filter, with the layer of the subscriber that asks it.
    pub(crate) fn new(configured: &str) -> (reload::Layer<EnvFilter, Registry>, Self) {
        let (layer, handle) = reload::Layer::new(EnvFilter::new(configured));
        let inner = Inner {
            configured: configured.to_owned(),
            handle,
            for_now: Mutex::default(),
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
        match &*self.for_now() {
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

    pub(crate) fn set(&self, directives: &str, lifetime: Duration) -> Result<(), LogFilterError> {
        if !(SHORTEST..=LONGEST).contains(&lifetime) {
            return Err(LogFilterError::Lifetime);
        }
        let filter = EnvFilter::builder().parse(directives).map_err(|error| {
            let reason = error.to_string();
            LogFilterError::Malformed { reason }
        })?;
        let mut for_now = self.for_now();
        self.apply(filter)?;
        *for_now = Some(ForNow {
            directives: directives.to_owned(),
            until: Instant::now() + lifetime,
        });
        Ok(())
    }

    /// Takes back a filter that was set for some time.
    pub(crate) fn restore(&self) -> Result<(), LogFilterError> {
        let mut for_now = self.for_now();
        if for_now.take().is_some() {
            self.apply(EnvFilter::new(&self.0.configured))?;
        }
        Ok(())
    }

    /// Takes it back when its time has passed, and returns when that is if it has not.
    pub(super) fn restore_if_due(&self, now: Instant) -> Option<Instant> {
        let until = self.for_now().as_ref().map(|for_now| for_now.until)?;
        if until > now {
            return Some(until);
        }
        // When the subscriber is gone, so is the filter.
        let _ = self.restore();
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

    fn for_now(&self) -> MutexGuard<'_, Option<ForNow>> {
        self.0
            .for_now
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const SHORTEST: Duration = Duration::from_secs(1);

/// A filter that is forgotten costs a day of lines at most.
const LONGEST: Duration = Duration::from_hours(24);
