//! What the checks of these tests ask, and the time that they do it in.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use radiosonde_health::{Check, CheckFailed};
use tokio::runtime::{Builder, Runtime};
use tokio::time::advance;

/// Makes a runtime whose clock stands still until told otherwise.
pub(crate) fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let builder = builder.enable_time().start_paused(true);
    builder
        .build()
        .expect("a runtime without a thread of its own")
}

/// Lets time pass, and then whatever is due happen.
pub(crate) async fn pass(time: Duration) {
    advance(time).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// A dependency that does as it is told, and counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backend {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    mood: AtomicU8,
    calls: AtomicUsize,
    in_flight: AtomicUsize,
}

/// How a dependency answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mood {
    Up,
    Down,
    Hanging,
    Panicking,
}

impl Backend {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.shared.mood.store(mood as u8, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    /// Returns a check that asks this backend.
    pub(crate) fn check(&self, name: &str) -> Check {
        let backend = self.clone();
        Check::new(name, move || backend.clone().ask())
    }

    async fn ask(self) -> Result<(), CheckFailed> {
        self.shared.calls.fetch_add(1, Ordering::SeqCst);
        let _visit = Visit::start(&self.shared);
        match self.shared.mood.load(Ordering::SeqCst) {
            mood if mood == Mood::Down as u8 => Err(CheckFailed::new("connection refused")),
            mood if mood == Mood::Hanging as u8 => pending().await,
            mood if mood == Mood::Panicking as u8 => panic!("a check's own mistake"),
            _ => Ok(()),
        }
    }
}

/// A call in flight, also when it is cut off.
struct Visit<'a>(&'a Shared);

impl<'a> Visit<'a> {
    fn start(shared: &'a Shared) -> Self {
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
