use std::cell::Cell;
use std::sync::Mutex;
use std::time::Instant;

use proptest::prelude::*;
use radiosonde_catalog::{SPANS_DROPPED, SPANS_ENDED, SPANS_FAILED, SPANS_SENT};

use super::*;
use tokio::sync::watch;

/// A destination that does with each batch what the script says, and then takes everything.
struct Script(Mutex<Vec<Fate>>);

#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrive,
    Refuse(u64),
    HoldBack,
    Fail,
    Panic,
    Hang,
}

impl Destination for Script {
    type Item = ();
    const ITEMS: &'static str = "things";

    fn weight((): &()) -> usize {
        10
    }

    async fn send(&self, batch: Vec<()>) -> Result<Delivered, String> {
        let fate = self.0.lock().unwrap().pop().unwrap_or(Fate::Arrive);
        let count = batch.len() as u64;
        match fate {
            Fate::Arrive => Ok(Delivered::default()),
            Fate::Refuse(refused) => Ok(Delivered {
                refused,
                ..Delivered::default()
            }),
            Fate::HoldBack => Ok(Delivered {
                held_back: count,
                ..Delivered::default()
            }),
            Fate::Fail => Err("refused".into()),
            Fate::Panic => panic!("expected: a destination that panics"),
            Fate::Hang => std::future::pending().await,
        }
    }
}

fn account() -> Account {
    Account::open(
        &Registry::new(),
        [&SPANS_ENDED, &SPANS_SENT, &SPANS_FAILED, &SPANS_DROPPED],
    )
}

fn values(account: &Account) -> [u64; 4] {
    [
        &account.ended,
        &account.sent,
        &account.failed,
        &account.dropped,
    ]
    .map(Counter::value)
}

/// Runs a pipeline on a paused clock: offers the bursts, each after a second, sets the cutoff, and returns the account
/// when the worker has ended.
fn run(fates: Vec<Fate>, bursts: &[usize], batching: Batching) -> [u64; 4] {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (cutoff, watcher) = watch::channel(None);
        let (sender, items) = mpsc::channel(batching.queue);
        let account = account();
        let queue = Queue {
            sender,
            weight: Script::weight,
            batch: batching.batch,
            room: Room::new(batching.bytes),
            account: account.clone(),
        };
        let destination = std::sync::Arc::new(Script(Mutex::new(fates)));
        let worker = Worker {
            items,
            destination,
            room: queue.room.clone(),
            batching,
            account: account.clone(),
            cutoff: Cutoff::new(watcher),
            outage: Outage::new("things"),
        };
        let worker = tokio::spawn(worker.run());
        for burst in bursts {
            for _ in 0..*burst {
                queue.offer(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The clock of the worker is paused; that of the cutoff, which threads share, is not.
        cutoff.send_replace(Some(Instant::now() + Duration::from_hours(1)));
        worker.await.unwrap();
        queue.offer(());
        values(&account)
    })
}

fn batching() -> Batching {
    Batching {
        queue: 8,
        bytes: 100,
        batch: 4,
        delay: Duration::from_millis(200),
        timeout: Duration::from_secs(10),
        apart: Duration::ZERO,
    }
}

#[test]
fn what_arrives_is_sent_and_what_comes_too_late_is_dropped() {
    assert_eq!(run(vec![], &[3, 2], batching()), [6, 5, 0, 1]);
}

#[test]
fn a_burst_beyond_the_queue_is_dropped_and_counted() {
    assert_eq!(run(vec![], &[20], batching()), [21, 8, 0, 13]);
}

#[test]
fn a_batch_that_is_full_does_not_wait_for_its_time() {
    let batching = Batching {
        delay: Duration::from_hours(1),
        ..batching()
    };
    // More than would fit the queue, if it did.
    let one_by_one = [1; 16];
    for bursts in [&[1, 3, 4, 4, 4][..], &one_by_one] {
        assert_eq!(run(vec![], bursts, batching), [17, 16, 0, 1], "{bursts:?}");
    }
}

#[test]
fn a_burst_of_heavy_things_is_dropped_before_the_queue_is_full() {
    let batching = Batching {
        bytes: 55,
        ..batching()
    };
    assert_eq!(run(vec![], &[8, 5], batching), [14, 10, 0, 4]);
}

#[test]
fn heavy_things_do_not_wait_for_others_until_there_is_no_room() {
    let batching = Batching {
        queue: 64,
        batch: 64,
        delay: Duration::from_hours(1),
        ..batching()
    };
    // There is room for ten.
    assert_eq!(run(vec![], &[1; 30], batching), [31, 30, 0, 1]);
    assert_eq!(run(vec![], &[9, 9, 9], batching), [28, 27, 0, 1]);
}

#[test]
fn room_that_is_never_used_is_given_back_and_counted() {
    let (sender, mut items) = mpsc::channel(1);
    let queue = Queue {
        sender,
        weight: Script::weight,
        batch: 1,
        room: Room::new(15),
        account: account(),
    };
    drop(queue.reserve(10));
    let slot = queue.reserve(10).unwrap();
    assert!(queue.reserve(10).is_none());
    slot.fill(());
    assert_eq!(items.try_recv(), Ok(()));
    assert!(!queue.offer(()), "it is being sent");
    assert_eq!(values(&queue.account), [4, 0, 0, 3]);
}

#[test]
fn what_would_find_no_room_is_not_made() {
    let (sender, mut items) = mpsc::channel(3);
    let queue = Queue {
        sender,
        weight: |weight: &usize| *weight,
        batch: 3,
        room: Room::new(100),
        account: account(),
    };
    let made = Cell::new(0);
    let offer = |weight| {
        queue.offer_made(|| {
            made.set(made.get() + 1);
            weight
        })
    };
    // Of the first, nothing is known.
    assert!(offer(40) && offer(45));
    assert!(!offer(10), "it was expected to weigh as much");
    assert_eq!(made.get(), 2);
    queue.room.give_back(items.try_recv().unwrap());
    assert!(offer(10));
    // It turns out to be too heavy, and so is the next one taken for.
    assert!(!offer(80));
    assert_eq!(made.get(), 4);
    assert!(!offer(10) && !offer(80));
    assert_eq!(made.get(), 4);
    queue.room.give_back(items.try_recv().unwrap());
    assert!(offer(5) && offer(5), "the room is its own again");
    assert!(!offer(5), "three wait");
    assert_eq!(made.get(), 6);
    assert_eq!(queue.room.taken.load(Ordering::Relaxed), 20);
    assert_eq!(values(&queue.account), [10, 0, 0, 5]);
}

#[test]
fn what_is_too_heavy_for_ever_keeps_nothing_else_out() {
    let (sender, _items) = mpsc::channel(8);
    let queue = Queue {
        sender,
        weight: |weight: &usize| *weight,
        batch: 8,
        room: Room::new(100),
        account: account(),
    };
    assert!(!queue.offer_made(|| 1_000));
    assert!(queue.offer_made(|| 10));
    assert_eq!(queue.room.taken.load(Ordering::Relaxed), 10);
}

#[test]
fn a_destination_that_hangs_costs_its_batch_and_no_more() {
    assert_eq!(
        run(
            vec![Fate::Hang],
            &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3],
            batching()
        ),
        [6, 3, 2, 1]
    );
}

#[test]
fn a_destination_that_panics_costs_its_batch_and_no_more() {
    assert_eq!(run(vec![Fate::Panic], &[2, 3], batching()), [6, 3, 2, 1]);
}

/// A queue, with a worker that has not begun, to whom all things arrive, and their account.
fn until(cutoff: watch::Receiver<Option<Instant>>) -> (Queue<()>, Worker<Script>, Account) {
    let (sender, items) = mpsc::channel(8);
    let account = account();
    let queue = Queue {
        sender,
        weight: Script::weight,
        batch: batching().batch,
        room: Room::new(100),
        account: account.clone(),
    };
    let worker = Worker {
        items,
        destination: Arc::new(Script(Mutex::default())),
        room: queue.room.clone(),
        batching: batching(),
        account: account.clone(),
        cutoff: Cutoff::new(cutoff),
        outage: Outage::new("things"),
    };
    (queue, worker, account)
}

#[test]
fn when_the_cutoff_has_passed_what_waits_is_dropped_unsent() {
    let (cutoff, watcher) = watch::channel(Some(Instant::now()));
    let (queue, worker, account) = until(watcher);
    for _ in 0..5 {
        queue.offer(());
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(worker.run());
    drop(cutoff);
    assert_eq!(values(&account), [5, 0, 0, 5]);
}

#[tokio::test(start_paused = true)]
async fn what_is_still_being_made_when_the_cutoff_passes_is_dropped_and_counted_once() {
    let (_cutoff, watcher) = watch::channel(Some(Instant::now() + Duration::from_mins(1)));
    let (queue, worker, account) = until(watcher);
    let mut slots: Vec<_> = (0..4).map(|_| queue.reserve(10).unwrap()).collect();
    queue.offer(());
    let mut worker = std::pin::pin!(worker.run());
    let early = tokio::time::timeout(Duration::from_secs(1), &mut worker).await;
    assert!(early.is_err(), "they may still come");
    assert_eq!(values(&account), [5, 1, 0, 0]);
    slots.pop().unwrap().fill(());
    drop(slots.pop());
    worker.await;
    assert_eq!(values(&account), [5, 2, 0, 3]);
    // They come at last, or do not: nobody waits for them.
    slots.pop().unwrap().fill(());
    drop(slots.pop());
    assert_eq!(values(&account), [5, 2, 0, 3]);
    assert!(!queue.offer(()));
    assert_eq!(values(&account), [6, 2, 0, 4]);
}

#[tokio::test(start_paused = true)]
async fn batches_are_apart_until_the_service_ends() {
    let (cutoff, watcher) = watch::channel(None);
    let (queue, mut worker, account) = until(watcher);
    let apart = Duration::from_secs(10);
    worker.batching = Batching {
        batch: 1,
        apart,
        ..batching()
    };
    for _ in 0..5 {
        queue.offer(());
    }
    let start = tokio::time::Instant::now();
    let worker = tokio::spawn(worker.run());
    for sent in 1..4 {
        tokio::time::sleep(apart / 2).await;
        assert_eq!(values(&account), [5, sent, 0, 0]);
        tokio::time::sleep(apart / 2).await;
    }
    cutoff.send_replace(Some(Instant::now() + Duration::from_hours(1)));
    worker.await.unwrap();
    assert_eq!(values(&account), [5, 5, 0, 0]);
    assert_eq!(start.elapsed(), 3 * apart, "nothing waited at the end");
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_rest_does_not_wait() {
    let (_cutoff, watcher) = watch::channel(None);
    let (queue, mut worker, account) = until(watcher);
    worker.batching = Batching {
        batch: 1,
        apart: Duration::from_secs(1),
        ..batching()
    };
    let _worker = tokio::spawn(worker.run());
    for sent in 1..3 {
        queue.offer(());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(values(&account), [sent, sent, 0, 0]);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_held_back_needs_no_rest_and_half_of_the_room_allows_none() {
    let (_cutoff, watcher) = watch::channel(None);
    let (queue, mut worker, account) = until(watcher);
    worker.destination = Arc::new(Script(Mutex::new(vec![Fate::Arrive, Fate::HoldBack])));
    worker.batching = Batching {
        batch: 1,
        apart: Duration::from_hours(1),
        ..batching()
    };
    let queue = Queue { batch: 1, ..queue };
    let _worker = tokio::spawn(worker.run());
    let a_moment = || tokio::time::sleep(Duration::from_millis(1));
    for _ in 0..5 {
        queue.offer(());
    }
    a_moment().await;
    assert_eq!(values(&account), [5, 1, 0, 1], "the second one rests");
    queue.offer(());
    a_moment().await;
    assert_eq!(values(&account), [6, 1, 0, 1]);
    // There is room for ten.
    queue.offer(());
    a_moment().await;
    assert_eq!(values(&account), [7, 2, 0, 1]);
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Arrive),
        1 => (0..6_u64).prop_map(Fate::Refuse),
        1 => Just(Fate::HoldBack),
        1 => Just(Fate::Fail),
        1 => Just(Fate::Panic),
        1 => Just(Fate::Hang),
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost_from_the_account(
        fates in prop::collection::vec(fate(), 0..8),
        bursts in prop::collection::vec(0..12_usize, 0..6),
        apart in 0..3_u64,
    ) {
        let apart = Duration::from_secs(apart);
        let batching = Batching { apart, ..batching() };
        let [ended, sent, failed, dropped] = run(fates, &bursts, batching);
        prop_assert_eq!(ended, bursts.iter().sum::<usize>() as u64 + 1);
        prop_assert_eq!(ended, sent + failed + dropped);
    }
}
