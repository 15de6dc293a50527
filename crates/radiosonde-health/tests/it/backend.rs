//! What the checks of these tests ask, and the time that they do it in.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use radiosonde_health::{Check, CheckFailed};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, advance};

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
    pass_unused(time);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass in which the runtime runs nothing.
pub(crate) fn pass_unused(time: Duration) {
    // The time has passed with the first poll; what would be left is to give way to others.
    let _ = pin!(advance(time)).poll(&mut Context::from_waker(Waker::noop()));
}

/// A dependency that does as it is told, and keeps account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backend {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    mood: Mutex<Mood>,
    calls: Mutex<Vec<(Instant, Mood)>>,
    in_flight: AtomicUsize,
}

/// How a dependency answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
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
        *self.shared.mood.lock().expect("no panic here") = mood;
    }

    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.lock().expect("no panic here").len()
    }

    /// Returns when it was called since the last time that this was asked, and how it answered.
    pub(crate) fn take_calls(&self) -> Vec<(Instant, Mood)> {
        std::mem::take(&mut *self.shared.calls.lock().expect("no panic here"))
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    /// Returns a check that asks this backend.
    pub(crate) fn check(&self, name: &str) -> Check {
        let backend = self.clone();
        Check::new(name, move || backend.clone().ask())
    }

    /// Notes a call, and returns how it is answered.
    fn take_call(&self) -> Mood {
        let mood = *self.shared.mood.lock().expect("no panic here");
        let mut calls = self.shared.calls.lock().expect("no panic here");
        calls.push((Instant::now(), mood));
        mood
    }

    async fn ask(self) -> Result<(), CheckFailed> {
        let _visit = Visit::start(&self.shared);
        match self.take_call() {
            Mood::Up => Ok(()),
            Mood::Down => Err(CheckFailed::new("connection refused")),
            Mood::Hanging => pending().await,
            // As a panic does, without the message of one.
            Mood::Panicking => std::panic::resume_unwind(Box::new("a check's own mistake")),
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
