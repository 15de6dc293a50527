//! A bounded queue from the service to the telemetry thread, with exact accounts.
//!
//! Of all items offered, at any time: *ended* = *sent* + *failed* + *dropped* + those that wait. When the worker has
//! ended, none waits.

use std::future::Future;
use std::time::Duration;

use radiosonde_catalog::Metric;
use radiosonde_metrics::{Counter, Registry};
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use super::Io;
use super::attempt::{Cutoff, Outage, attempt};

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
    /// Offers an item, and returns whether it was taken. Never blocks: if the queue is full or the worker has ended, the item
    /// is dropped and counted.
    pub(crate) fn offer(&self, item: T) -> bool {
        self.account.ended.increment(1);
        let taken = self.sender.try_send(item).is_ok();
        if !taken {
            self.account.dropped.increment(1);
        }
        taken
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
            outage: Outage::new(D::ITEMS),
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
    cutoff: Cutoff,
    outage: Outage,
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
            () = self.cutoff.is_set() => return None,
            received = self.items.recv_many(&mut batch, most) => if received == 0 { return None },
        }
        let full_by = tokio::time::Instant::now() + self.batching.delay;
        while batch.len() < most {
            let left = most - batch.len();
            tokio::select! {
                biased;
                () = self.cutoff.is_set() => break,
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
        if self.cutoff.is_past() {
            self.account.dropped.increment(count);
            return;
        }
        let destination = self.destination.clone();
        let exchange = async move { destination.send(batch).await };
        let result = attempt(exchange, self.batching.timeout, &mut self.cutoff).await;
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
        self.outage.note(result.err());
    }
}

#[cfg(test)]
mod tests;
