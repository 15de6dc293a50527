//! A bounded queue from the service to the telemetry thread, with exact accounts.
//!
//! Of all items offered, at any time: *ended* = *sent* + *failed* + *dropped* + those that wait. When the worker has
//! ended, none waits.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task;
use std::time::Duration;

use radiosonde_catalog::Metric;
use radiosonde_metrics::{Counter, Registry};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep_until;

use super::Io;
use super::attempt::{Cutoff, Outage, attempt};
#[cfg(feature = "otlp")]
use crate::config::{Batches, OtlpTarget};

/// Where items go.
pub(crate) trait Destination: Send + Sync + 'static {
    /// What is sent.
    type Item: Send + 'static;

    /// What it is called in the log, in the plural.
    const ITEMS: &'static str;

    /// Returns about how many bytes an item takes while it waits.
    ///
    /// Defaults to none: the number of items alone is bounded.
    fn weight(_: &Self::Item) -> usize {
        0
    }

    /// Sends items, each once. How long that may take is enforced by the caller.
    fn send(
        &self,
        batch: Vec<Self::Item>,
    ) -> impl Future<Output = Result<Delivered, String>> + Send;
}

/// What became of a batch that arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// How many items of the batch were refused.
    pub(crate) refused: u64,
    /// How many items of the batch were held back, because the other side asked for a pause.
    pub(crate) held_back: u64,
    /// What the other side said of it; empty for nothing.
    pub(crate) said: String,
}

/// How a pipeline batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batching {
    /// How many items may wait.
    pub(crate) queue: usize,
    /// How many bytes they may take, with those that are being sent.
    pub(crate) bytes: usize,
    /// How many are sent at once, at most.
    pub(crate) batch: usize,
    /// How long an item waits for others to be sent with it.
    pub(crate) delay: Duration,
    /// How long one batch may take.
    pub(crate) timeout: Duration,
    /// How long after a batch that was offered has begun the next one begins, at the earliest. At the end of the service, and while half of
    /// the room is taken, they follow at once.
    pub(crate) apart: Duration,
}

impl Batching {
    #[cfg(feature = "otlp")]
    pub(crate) fn of(batches: &Batches, target: &OtlpTarget) -> Self {
        let Batches {
            queue,
            batch,
            delay,
        } = *batches;
        Self {
            queue,
            bytes: queue.saturating_mul(MEAN_WEIGHT).max(LEAST_BYTES),
            batch,
            delay,
            // The client keeps to it; this is for what it might do beside sending.
            timeout: target.timeout + Io::GRACE,
            apart: Duration::ZERO,
        }
    }
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

    /// Returns how many wait to be sent, or are being sent.
    #[cfg(all(feature = "sentry", feature = "testing"))]
    pub(crate) fn waiting(&self) -> u64 {
        // What has ended is read last: an item is never settled before it has ended.
        let settled = [&self.sent, &self.failed, &self.dropped].map(Counter::value);
        self.ended.value().saturating_sub(settled.iter().sum())
    }

    /// Counts what became of so many items, and tells it where that is news.
    pub(crate) fn settle(
        &self,
        count: u64,
        result: Result<Delivered, String>,
        outage: &mut Outage,
    ) {
        let delivered = match result {
            Ok(delivered) => delivered,
            Err(reason) => {
                self.failed.increment(count);
                return outage.note(Some(reason));
            }
        };
        // The other side says how many it refused; it cannot have refused more than it got.
        let refused = count.min(delivered.refused);
        let held_back = (count - refused).min(delivered.held_back);
        self.failed.increment(refused);
        self.dropped.increment(held_back);
        self.sent.increment(count - refused - held_back);
        // Where nothing was offered, nothing is new.
        if held_back < count {
            outage.note(None);
            outage.hear(delivered.said, refused, count);
        }
    }
}

/// The end of a pipeline that the service holds.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    sender: mpsc::Sender<T>,
    weight: fn(&T) -> usize,
    /// How many make a batch.
    batch: usize,
    room: Arc<Room>,
    account: Account,
}

/// How many bytes may wait, and how many do.
#[derive(Debug)]
struct Room {
    most: usize,
    taken: AtomicUsize,
    /// What the last item weighed that was made for a slot: what the next one is expected to.
    #[cfg(any(feature = "otlp", test))]
    last: AtomicUsize,
    /// Told when a batch waits, or so much that what comes next might find no room.
    is_batch: Notify,
    /// Whether all that had room is accounted for, what has not come included.
    is_settled: Mutex<bool>,
}

impl Room {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: AtomicUsize::new(0),
            #[cfg(any(feature = "otlp", test))]
            last: AtomicUsize::new(0),
            is_batch: Notify::new(),
            is_settled: Mutex::default(),
        })
    }

    fn settled(&self) -> MutexGuard<'_, bool> {
        self.is_settled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: usize) -> bool {
        let take = |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= self.most);
        let taken = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn is_half_full(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= self.most / 2
    }
}

impl<T> Queue<T> {
    /// Offers an item, and returns whether it was taken. Never blocks: if the queue is full or the worker has ended, the item
    /// is dropped and counted.
    #[cfg(any(feature = "otlp", test))]
    pub(crate) fn offer(&self, item: T) -> bool {
        let slot = self.reserve((self.weight)(&item));
        slot.map(|slot| slot.fill(item)).is_some()
    }

    /// Does the same with an item that is still to be made. It is not where it would find no room if it weighed what the last one
    /// did: in a storm all are alike.
    #[cfg(any(feature = "otlp", test))]
    pub(crate) fn offer_made(&self, make: impl FnOnce() -> T) -> bool {
        let expected = self.room.last.load(Ordering::Relaxed);
        let slot = self.reserve(expected);
        slot.is_some_and(|slot| slot.fill_weighed(make()))
    }

    /// Takes room for an item of this weight that is still to be made: one that would be dropped need not be. Never blocks: if
    /// there is none, an item is counted as dropped.
    pub(crate) fn reserve(&self, weight: usize) -> Option<Slot<'_, T>> {
        self.account.ended.increment(1);
        if self.room.take(weight) {
            if let Ok(permit) = self.sender.try_reserve() {
                return Some(Slot {
                    queue: self,
                    weight,
                    permit: Some(permit),
                });
            }
            self.room.give_back(weight);
        }
        self.account.dropped.increment(1);
        None
    }

    /// Returns how many wait, beside the one that the worker took first.
    fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            weight: self.weight,
            batch: self.batch,
            room: self.room.clone(),
            account: self.account.clone(),
        }
    }
}

/// Room for one item. The item that it is for is counted as dropped if it never comes.
#[derive(Debug)]
pub(crate) struct Slot<'a, T> {
    queue: &'a Queue<T>,
    weight: usize,
    permit: Option<mpsc::Permit<'a, T>>,
}

impl<T> Slot<'_, T> {
    /// Returns what was reserved.
    #[cfg(feature = "sentry")]
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Puts in an item that may weigh something else than was reserved, and returns whether it was taken: if there is no room for
    /// what it weighs more, it is counted as dropped.
    #[cfg(any(feature = "otlp", test))]
    fn fill_weighed(mut self, item: T) -> bool {
        let (weight, room) = ((self.queue.weight)(&item), &self.queue.room);
        // Half of the room comes free again. More may never, and what came after would never be made.
        room.last
            .store(weight.min(room.most / 2), Ordering::Relaxed);
        if weight > self.weight {
            if !room.take(weight - self.weight) {
                return false;
            }
        } else {
            room.give_back(self.weight - weight);
        }
        self.weight = weight;
        self.fill(item);
        true
    }

    /// Puts the item into the queue. It weighs what was reserved for it.
    pub(crate) fn fill(mut self, item: T) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        permit.send(item);
        let Queue { room, batch, .. } = self.queue;
        // One that is a batch by itself is not waited for.
        let is_batch = *batch > 1 && self.queue.waiting() + 1 >= *batch;
        if is_batch || room.is_half_full() {
            room.is_batch.notify_one();
        }
    }
}

impl<T> Drop for Slot<'_, T> {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let Queue { room, account, .. } = self.queue;
        room.give_back(self.weight);
        // Either it is counted here, or its permit is still there when the worker counts those.
        let is_settled = room.settled();
        if !*is_settled {
            account.dropped.increment(1);
        }
        drop(permit);
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
        weight: D::weight,
        batch: batching.batch,
        room: Room::new(batching.bytes),
        account: account.clone(),
    };
    let (destination, room) = (Arc::new(destination), queue.room.clone());
    io.spawn(|cutoff| {
        let worker = Worker {
            items,
            destination,
            room,
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
    destination: Arc<D>,
    room: Arc<Room>,
    batching: Batching,
    account: Account,
    cutoff: Cutoff,
    outage: Outage,
}

impl<D: Destination> Worker<D> {
    async fn run(mut self) {
        while let Some(batch) = self.gather().await {
            let begins = tokio::time::Instant::now();
            if self.send(batch).await && !self.batching.apart.is_zero() {
                self.rest_until(begins + self.batching.apart).await;
            }
        }
        // From here on every offer is dropped and counted by the queue, so what waits can only shrink.
        self.items.close();
        loop {
            let mut batch = Vec::new();
            // Not `try_recv`: this ends when every offer that was let in has arrived.
            let received = tokio::select! {
                biased;
                received = self.items.recv_many(&mut batch, self.batching.batch) => received,
                () = self.cutoff.passes() => return self.settle(),
            };
            if received == 0 {
                return;
            }
            self.send(batch).await;
        }
    }

    /// Counts as dropped what was let in and has not arrived: whoever makes an item may never be done with it.
    fn settle(&self) {
        let mut is_settled = self.room.settled();
        *is_settled = true;
        // There are no new permits, and none is given back but with the lock.
        let missing = self.items.max_capacity() - self.items.capacity();
        self.account.dropped.increment(missing as u64);
    }

    /// Waits until then, unless it is time to end, or so much waits that what comes next might find no room.
    async fn rest_until(&mut self, moment: tokio::time::Instant) {
        while !self.room.is_half_full() {
            tokio::select! {
                biased;
                () = self.cutoff.is_set() => return,
                () = sleep_until(moment) => return,
                () = self.room.is_batch.notified() => {}
            }
        }
    }

    /// Waits for a batch: as many items as fit, those that came within the delay, or those that take half of the room. `None` when
    /// it is time to end; what was gathered by then is sent first.
    ///
    /// It is woken for the first item, and when nearly a batch waits beside it, or half of the room is taken: to wake a thread costs
    /// who does it more than the item, and on a busy machine the processor. Where it took several at first, the delay may end what could have been full.
    async fn gather(&mut self) -> Option<Vec<D::Item>> {
        let most = self.batching.batch;
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            () = self.cutoff.is_set() => return None,
            received = self.items.recv_many(&mut batch, most) => if received == 0 { return None },
        }
        let full_by = tokio::time::Instant::now() + self.batching.delay;
        while batch.len() < most && !self.room.is_half_full() {
            let is_time = tokio::select! {
                biased;
                () = self.cutoff.is_set() => break,
                () = sleep_until(full_by) => true,
                () = self.room.is_batch.notified() => false,
            };
            // Neither waits for a sender that is about to, as `try_recv` does, nor asks to be woken by the next one.
            let mut asleep = task::Context::from_waker(task::Waker::noop());
            let left = most - batch.len();
            let _ = self.items.poll_recv_many(&mut asleep, &mut batch, left);
            if is_time {
                break;
            }
        }
        Some(batch)
    }

    /// Sends a batch and settles its account. Returns whether it was offered to the other side, or any of it.
    async fn send(&mut self, batch: Vec<D::Item>) -> bool {
        let count = batch.len() as u64;
        let weight = batch.iter().map(D::weight).sum();
        if self.cutoff.is_past() {
            self.account.dropped.increment(count);
            self.room.give_back(weight);
            return false;
        }
        let destination = self.destination.clone();
        let exchange = async move { destination.send(batch).await };
        let result = attempt(exchange, self.batching.timeout, &mut self.cutoff).await;
        self.room.give_back(weight);
        let held_back = result.as_ref().map_or(0, |delivered| delivered.held_back);
        self.account.settle(count, result, &mut self.outage);
        held_back < count
    }
}

/// How many bytes there are for an item, on the average: with the defaults, three megabytes for all that wait.
#[cfg(feature = "otlp")]
const MEAN_WEIGHT: usize = 1_536;

/// A short queue may hold a few items of any size.
#[cfg(feature = "otlp")]
const LEAST_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests;
