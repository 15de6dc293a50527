//! A bounded queue from the service to the telemetry thread, with exact accounts.
//!
//! Of all items offered, at any time: *ended* = *sent* + *failed* + *dropped* + those that wait. When the worker has
//! ended, none waits.

use std::future::Future;
use std::time::{Duration, Instant};

use radiosonde_catalog::Metric;
use radiosonde_metrics::{Counter, Registry};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout_at;

use super::Io;

/// Where items go.
pub(crate) trait Destination: Send + Sync + 'static {
    /// What is sent.
    type Item: Send + 'static;

    /// What it is called in the log, in the plural.
    const ITEMS: &'static str;

    /// Sends items, each once. How long that may take is enforced by the caller.
    fn send(
        &self,
        batch: Vec<Self::Item>,
    ) -> impl Future<Output = Result<Delivered, String>> + Send;
}

/// What became of a batch that arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// How many items of the batch were refused.
    pub(crate) refused: u64,
    /// How many items of the batch were held back, because the other side asked for a pause.
    pub(crate) held_back: u64,
}

/// How a pipeline batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batching {
    /// How many items may wait.
    pub(crate) queue: usize,
    /// How many are sent at once, at most.
    pub(crate) batch: usize,
    /// How long an item waits for others to be sent with it.
    pub(crate) delay: Duration,
    /// How long one batch may take.
    pub(crate) timeout: Duration,
}

/// The four counters of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) ended: Counter,
    pub(crate) sent: Counter,
    pub(crate) failed: Counter,
    pub(crate) dropped: Counter,
}

impl Account {
    /// Opens an account under these metrics: ended, sent, failed, dropped.
    pub(crate) fn open(registry: &Registry, metrics: [&Metric; 4]) -> Self {
        let [ended, sent, failed, dropped] = metrics.map(|metric| registry.counter(metric, &[]));
        Self {
            ended,
            sent,
            failed,
            dropped,
        }
    }
}

/// The end of a pipeline that the service holds.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    sender: mpsc::Sender<T>,
    account: Account,
}

impl<T> Queue<T> {
    /// Offers an item. Never blocks: if the queue is full or the worker has ended, the item is dropped and counted.
    pub(crate) fn offer(&self, item: T) {
        self.account.ended.increment(1);
        if self.sender.try_send(item).is_err() {
            self.account.dropped.increment(1);
        }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            account: self.account.clone(),
        }
    }
}

/// Starts a worker on the telemetry thread that sends to `destination`, and returns its queue.
pub(crate) fn start<D: Destination>(
    io: &mut Io,
    destination: D,
    batching: Batching,
    account: Account,
) -> Queue<D::Item> {
    let (sender, items) = mpsc::channel(batching.queue);
    let queue = Queue {
        sender,
        account: account.clone(),
    };
    let destination = std::sync::Arc::new(destination);
    io.spawn(|cutoff| {
        let worker = Worker {
            items,
            destination,
            batching,
            account,
            cutoff,
            failing: false,
        };
        worker.run()
    });
    queue
}

struct Worker<D: Destination> {
    items: mpsc::Receiver<D::Item>,
    destination: std::sync::Arc<D>,
    batching: Batching,
    account: Account,
    cutoff: watch::Receiver<Option<Instant>>,
    /// Whether the last batch failed; only a change is worth a line.
    failing: bool,
}

impl<D: Destination> Worker<D> {
    async fn run(mut self) {
        while let Some(batch) = self.gather().await {
            self.send(batch).await;
        }
        // From here on every offer is dropped and counted by the queue, so what waits can only shrink.
        self.items.close();
        loop {
            let mut batch = Vec::new();
            // Not `try_recv`: this ends when every offer that was let in has arrived.
            if self.items.recv_many(&mut batch, self.batching.batch).await == 0 {
                return;
            }
            self.send(batch).await;
        }
    }

    /// Waits for a batch: as many items as fit, or those that came within the delay. `None` when it is time to end;
    /// what was gathered by then is sent first.
    async fn gather(&mut self) -> Option<Vec<D::Item>> {
        let most = self.batching.batch;
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            () = is_set(&mut self.cutoff) => return None,
            received = self.items.recv_many(&mut batch, most) => if received == 0 { return None },
        }
        let full_by = tokio::time::Instant::now() + self.batching.delay;
        while batch.len() < most {
            let left = most - batch.len();
            tokio::select! {
                biased;
                () = is_set(&mut self.cutoff) => break,
                received = timeout_at(full_by, self.items.recv_many(&mut batch, left)) => {
                    if !matches!(received, Ok(1..)) { break }
                }
            }
        }
        Some(batch)
    }

    /// Sends a batch and settles its account.
    async fn send(&mut self, batch: Vec<D::Item>) {
        let count = batch.len() as u64;
        if self.is_past_cutoff() {
            self.account.dropped.increment(count);
            return;
        }
        let result = self.attempt(batch).await;
        match &result {
            Ok(Delivered { refused, held_back }) => {
                // The other side says how many it refused; it cannot have refused more than it got.
                let refused = count.min(*refused);
                let held_back = (count - refused).min(*held_back);
                self.account.failed.increment(refused);
                self.account.dropped.increment(held_back);
                self.account.sent.increment(count - refused - held_back);
            }
            Err(_) => self.account.failed.increment(count),
        }
        self.report(result.err());
    }

    /// Sends a batch within its time, and within that of the whole process.
    async fn attempt(&mut self, batch: Vec<D::Item>) -> Result<Delivered, String> {
        let destination = self.destination.clone();
        // A task of its own: a panic in foreign code ends it, and not the worker.
        let mut task = AbortOnDrop(tokio::spawn(async move { destination.send(batch).await }));
        let timeout = self.batching.timeout;
        tokio::select! {
            biased;
            done = &mut task.0 => done.unwrap_or_else(|error| Err(error.to_string())),
            () = tokio::time::sleep(timeout) => Err(format!("not done within {}", humantime::format_duration(timeout))),
            () = is_past(&mut self.cutoff) => Err("the process ended first".into()),
        }
    }

    fn is_past_cutoff(&self) -> bool {
        let cutoff = *self.cutoff.borrow();
        cutoff.is_some_and(|cutoff| cutoff <= Instant::now())
    }

    /// Logs when sending begins to fail and when it works again.
    fn report(&mut self, failure: Option<String>) {
        let was_failing = std::mem::replace(&mut self.failing, failure.is_some());
        match failure {
            Some(reason) if !was_failing => {
                tracing::warn!(target: "radiosonde", reason, "{} cannot be sent; they are counted as failed", D::ITEMS);
            }
            None if was_failing => {
                tracing::info!(target: "radiosonde", "{} are sent again", D::ITEMS);
            }
            _ => {}
        }
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until the cutoff is set. When its sender is gone, the process is ending all the same.
async fn is_set(cutoff: &mut watch::Receiver<Option<Instant>>) {
    let _ = cutoff.wait_for(Option::is_some).await;
}

/// Waits until the cutoff has passed.
async fn is_past(cutoff: &mut watch::Receiver<Option<Instant>>) {
    is_set(cutoff).await;
    let cutoff = *cutoff.borrow();
    if let Some(cutoff) = cutoff {
        tokio::time::sleep_until(cutoff.into()).await;
    }
}

#[cfg(test)]
mod tests;
