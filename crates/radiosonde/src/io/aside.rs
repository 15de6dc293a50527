//! Work that may hang, done beside the telemetry thread, whose workers have more to do.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::work::begin;

/// Threads for one kind of work. Work that does not end costs its thread and no more: there are only so many.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    threads: Arc<Semaphore>,
}

/// Why work was not done, in words that follow what it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undone {
    /// All threads are taken.
    #[error("waits for others that do not end")]
    Busy,
    /// It may end later, which nobody hears of.
    #[error("did not end within {}", humantime::format_duration(*.0))]
    Late(Duration),
    /// There can be no thread.
    #[error("needs a thread: {0}")]
    NoThread(#[source] io::Error),
    /// It panicked.
    #[error("panicked")]
    Panicked,
}

impl Aside {
    /// Makes so many threads possible.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(threads)),
        }
    }

    /// Does some work, and waits for it as long as this. Does not wait for others that have all threads.
    ///
    /// # Errors
    ///
    /// Returns why nothing came of it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let permit = self.threads.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Undone::Busy)?;
        on(permit, patience, Instant::now() + patience, work).await
    }

    /// Does the same, and waits for a thread as well, as long as this in all.
    ///
    /// # Errors
    ///
    /// Returns why nothing came of it.
    pub(crate) async fn run_in_turn<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let deadline = Instant::now() + patience;
        let permit = timeout_at(deadline, self.threads.clone().acquire_owned()).await;
        // The threads are never taken away.
        let permit = permit.ok().and_then(Result::ok).ok_or(Undone::Busy)?;
        on(permit, patience, deadline, work).await
    }
}

/// Does some work on a thread of its own, which is that of the permit.
async fn on<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    patience: Duration,
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Undone> {
    let work = move || {
        let _permit = permit;
        work()
    };
    let outcome = begin(work).map_err(Undone::NoThread)?;
    let done = timeout_at(deadline, outcome).await;
    done.map_err(|_| Undone::Late(patience))?
        .map_err(|_| Undone::Panicked)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn work_that_hangs_costs_its_thread_until_it_ends() {
        let (aside, patience) = (Aside::new(1), Duration::from_millis(50));
        let (lets_go, waits) = channel::<()>();
        let hangs = aside.run(patience, move || waits.recv()).await;
        let said = hangs.map(drop).unwrap_err().to_string();
        assert_eq!(said, "did not end within 50ms");
        let busy = aside.run(patience, || ()).await.unwrap_err().to_string();
        assert_eq!(busy, "waits for others that do not end");
        drop(lets_go);
        let free = async {
            while aside.threads.available_permits() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let freed = tokio::time::timeout(Duration::from_mins(1), free).await;
        freed.expect("the thread is free again");
    }

    #[tokio::test]
    async fn who_waits_for_a_thread_has_it_when_it_is_free_or_its_time_is_over() {
        let aside = Aside::new(1);
        let taken = aside.threads.clone().acquire_owned().await.unwrap();
        let busy = aside.run_in_turn(Duration::from_millis(50), || ()).await;
        assert!(matches!(busy, Err(Undone::Busy)));
        let waits = aside.run_in_turn(Duration::from_mins(1), || 7);
        let frees = async { drop(taken) };
        assert_eq!(tokio::join!(waits, frees).0.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_that_panics_is_told_and_takes_no_thread() {
        let (aside, patience) = (Aside::new(1), Duration::from_mins(1));
        let panics = aside
            .run(patience, || panic!("expected: work that panics"))
            .await;
        assert!(matches!(panics, Err(Undone::Panicked)));
        assert_eq!(aside.run(patience, || 7).await.unwrap(), 7);
    }
}
