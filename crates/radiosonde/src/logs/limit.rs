//! How many lines one place in the code may write.
//!
//! An event that is logged in a loop would bury all others. Each *callsite*, a place that logs, has a number of lines for
//! each second; what it logs beyond that is counted, and a line says how much there was.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use radiosonde_catalog::{LOG_EVENTS, LOG_LINES_SUPPRESSED};
use radiosonde_metrics::{Counter, Registry};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::layer::{Context, Filter};

use super::LineWriter;

/// The limits of all callsites.
#[derive(Debug)]
pub(crate) struct Limits {
    /// How many lines a callsite may write in a second; none for as many as it likes.
    per_second: Option<u32>,
    started: Instant,
    callsites: RwLock<HashMap<u64, Callsite>>,
    /// Whether some callsite has something to tell.
    untold: AtomicBool,
    writer: OnceLock<LineWriter>,
    suppressed: Counter,
    /// From `ERROR` down.
    events: [Counter; 5],
}

/// The filter that keeps the limits. It is asked last.
#[derive(Debug, Clone)]
pub(crate) struct LimitFilter(pub(crate) Arc<Limits>);

/// A place that logs.
#[derive(Debug)]
struct Callsite {
    level: Level,
    target: String,
    place: Option<(String, u32)>,
    /// The second that is counted, and how many lines there were in it.
    window: AtomicU64,
    untold: AtomicU64,
}

/// What one callsite logged in vain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Suppressed {
    pub(crate) level: Level,
    pub(crate) target: String,
    /// The file and the line.
    pub(crate) place: Option<(String, u32)>,
    pub(crate) count: u64,
}

impl Limits {
    pub(crate) fn new(per_second: Option<u32>, registry: &Registry) -> Self {
        let levels = ["error", "warn", "info", "debug", "trace"];
        Self {
            per_second,
            started: Instant::now(),
            callsites: RwLock::default(),
            untold: AtomicBool::default(),
            writer: OnceLock::new(),
            suppressed: registry.counter(&LOG_LINES_SUPPRESSED, &[]),
            events: levels.map(|level| registry.counter(&LOG_EVENTS, &[level])),
        }
    }

    /// Tells whether some callsite has logged in vain, and nobody has been told.
    pub(crate) fn has_untold(&self) -> bool {
        self.untold.load(Ordering::Relaxed)
    }

    /// Takes what there is to tell.
    pub(crate) fn take_untold(&self) -> Vec<Suppressed> {
        if !self.untold.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let callsites = self.callsites.read();
        let callsites = callsites.unwrap_or_else(PoisonError::into_inner);
        let untold = callsites.values().filter_map(Callsite::take);
        untold.collect()
    }

    /// Counts an event, and tells whether it may become a line.
    fn admits(&self, event: &Event<'_>) -> bool {
        let level = *event.metadata().level();
        let [error, warn, info, debug, trace] = &self.events;
        let count = match level {
            Level::ERROR => error,
            Level::WARN => warn,
            Level::INFO => info,
            Level::DEBUG => debug,
            Level::TRACE => trace,
        };
        count.increment(1);
        let Some(per_second) = self.per_second else {
            return true;
        };
        let second = self.started.elapsed().as_secs();
        if self.at_callsite(event, |callsite| callsite.admits(second, per_second)) {
            return true;
        }
        self.suppressed.increment(1);
        if !self.untold.swap(true, Ordering::AcqRel)
            && let Some(writer) = self.writer.get()
        {
            writer.look();
        }
        false
    }

    /// Sets who is to tell what was suppressed.
    pub(crate) fn told_by(&self, writer: LineWriter) {
        let _ = self.writer.set(writer);
    }

    /// Asks the callsite of an event; those that are too many to be counted may log as they like.
    fn at_callsite(&self, event: &Event<'_>, ask: impl FnOnce(&Callsite) -> bool) -> bool {
        let key = key(event);
        let known = self.callsites.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(callsite) = known.get(&key) {
            return ask(callsite);
        }
        if known.len() >= MOST_CALLSITES {
            return true;
        }
        drop(known);
        let callsite = Callsite::of(event);
        let known = self.callsites.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        ask(known.entry(key).or_insert(callsite))
    }
}

impl<S> Filter<S> for LimitFilter {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.0.admits(event)
    }
}

impl Callsite {
    fn of(event: &Event<'_>) -> Self {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let place = metadata.file().zip(metadata.line());
        Self {
            level: *metadata.level(),
            target: metadata.target().to_owned(),
            place: place.map(|(file, line)| (file.to_owned(), line)),
            window: AtomicU64::new(0),
            untold: AtomicU64::new(0),
        }
    }

    fn admits(&self, second: u64, most: u32) -> bool {
        // Seconds in the upper half, lines in the lower, so that both change at once.
        let second = second << 32;
        let count = |window: u64| {
            let same = window & !u64::from(u32::MAX) == second;
            let count = if same {
                window & u64::from(u32::MAX)
            } else {
                0
            };
            (count < u64::from(most)).then_some(second | (count + 1))
        };
        let admitted = self
            .window
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count)
            .is_ok();
        if !admitted {
            self.untold.fetch_add(1, Ordering::Relaxed);
        }
        admitted
    }

    fn take(&self) -> Option<Suppressed> {
        let count = self.untold.swap(0, Ordering::Relaxed);
        (count > 0).then(|| Suppressed {
            level: self.level,
            target: self.target.clone(),
            place: self.place.clone(),
            count,
        })
    }
}

/// Returns what tells the callsite of an event from others. Records of the `log` crate share a few, and are told apart
/// by where they say that they were made.
fn key(event: &Event<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match event.normalized_metadata() {
        None => event.metadata().callsite().hash(&mut hasher),
        Some(metadata) => {
            (metadata.target(), metadata.file(), metadata.line()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// How long a callsite waits for its lines to be told.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);

/// A program has a few hundred; records of the `log` crate could claim to come from anywhere.
const MOST_CALLSITES: usize = 4_096;
