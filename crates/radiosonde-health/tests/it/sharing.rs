//! Probes read; only checks ask.

use std::time::Duration;

use radiosonde_health::{Check, Health};
use radiosonde_testkit::size;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::backend::{Backend, Mood, pass};

#[tokio::test(start_paused = true)]
async fn a_thousand_probes_at_once_share_the_first_run() {
    let backend = Backend::new();
    let health = Health::new();
    health
        .register(backend.check("database").critical())
        .unwrap();
    let mut probes = JoinSet::new();
    for _ in 0..1_000 {
        let health = health.clone();
        probes.spawn(async move { health.readiness().await.ready });
    }
    assert!(probes.join_all().await.into_iter().all(|ready| ready));
    assert_eq!(backend.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn probes_on_several_threads_share_the_first_run() {
    let backend = Backend::new();
    let health = Health::new();
    // The clock is the real one here, so leave a slow machine its time.
    let check = backend.check("database").interval(Duration::from_mins(1));
    let check = check.timeout(Duration::from_mins(1));
    health.register(check).unwrap();
    let mut probes = JoinSet::new();
    for _ in 0..1_000 {
        let health = health.clone();
        probes.spawn(async move { health.report().await.checks[0].is_passing() });
    }
    assert!(probes.join_all().await.into_iter().all(|passes| passes));
    assert_eq!(backend.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_probes_in_a_row_ask_nothing_more() {
    let backend = Backend::new();
    let health = Health::new();
    health
        .register(backend.check("database").critical())
        .unwrap();
    for _ in 0..10_000 {
        assert!(health.readiness().await.ready);
    }
    assert_eq!(backend.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_runs_of_all_checks_are_waited_for_together() {
    let health = Health::new();
    for name in ["a", "b", "c"] {
        let check = Check::new(name, async || {
            sleep(Duration::from_millis(400)).await;
            Ok(())
        });
        health.register(check.critical()).unwrap();
    }
    let start = Instant::now();
    assert!(health.readiness().await.ready);
    assert!(
        start.elapsed() <= Duration::from_millis(401),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn one_check_is_asked_for_without_waiting_for_the_others() {
    let (quick, slow) = (Backend::new(), Backend::new());
    slow.turn(Mood::Hanging);
    let health = Health::new();
    health.register(slow.check("slow")).unwrap();
    health.register(quick.check("quick")).unwrap();
    let start = Instant::now();
    assert!(health.check("quick").await.unwrap().is_passing());
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(health.check("other").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_does_not_end_the_run_it_waits_for() {
    let health = Health::new();
    let check = Check::new("slow", async || {
        sleep(Duration::from_millis(500)).await;
        Ok(())
    });
    health.register(check.critical()).unwrap();
    let hurried = tokio::time::timeout(Duration::from_millis(100), health.readiness()).await;
    assert!(hurried.is_err());
    let start = Instant::now();
    assert!(health.readiness().await.ready);
    assert!(
        start.elapsed() <= Duration::from_millis(401),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_probes_asks_once_a_second_at_an_interval_of_a_second() {
    let backend = Backend::new();
    let health = Health::new();
    let check = backend.check("database").critical();
    let check = check.interval(Duration::from_secs(1));
    health.register(check).unwrap();
    let tenths = 600;
    for _ in 0..tenths {
        for _ in 0..size(60_000, 1_000_000).div_ceil(tenths) {
            assert!(health.readiness().await.ready);
        }
        pass(Duration::from_millis(100)).await;
    }
    // A jittered second is never shorter than one.
    assert!((50..=60).contains(&backend.calls()), "{}", backend.calls());
}
