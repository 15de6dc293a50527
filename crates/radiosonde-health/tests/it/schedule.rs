//! When checks run, and what it takes to change their mind.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use radiosonde_health::{Change, Check, CheckState, Health, Severity, Status};
use tokio::time::{Instant, advance};

use crate::backend::{Backend, Mood, pass};

/// Returns a service with one critical check, which passed.
async fn ready_service(backend: &Backend) -> Health {
    let health = Health::new();
    health
        .register(backend.check("database").critical())
        .expect("the name is free");
    assert!(health.readiness().await.ready);
    health
}

/// Lets time pass in small steps until readiness says so, and returns how long it took.
async fn time_until(health: &Health, ready: bool) -> Duration {
    let start = Instant::now();
    while health.readiness().await.ready != ready {
        assert!(
            start.elapsed() < Duration::from_mins(5),
            "never ready: {ready}"
        );
        pass(Duration::from_millis(100)).await;
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_check_without_failures_runs_once_per_interval() {
    let backend = Backend::new();
    let health = ready_service(&backend).await;
    for _ in 0..600 {
        pass(Duration::from_millis(100)).await;
    }
    assert!((6..=7).contains(&backend.calls()), "{}", backend.calls());
    assert!(health.readiness().await.ready);
}

#[tokio::test(start_paused = true)]
async fn readiness_falls_after_three_failures_and_within_three_intervals() {
    let backend = Backend::new();
    let health = ready_service(&backend).await;
    backend.turn(Mood::Down);
    let took = time_until(&health, false).await;
    assert_eq!(backend.calls(), 1 + 3);
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn readiness_returns_after_two_successes_and_within_an_interval() {
    let backend = Backend::new();
    let health = ready_service(&backend).await;
    backend.turn(Mood::Down);
    time_until(&health, false).await;
    backend.turn(Mood::Up);
    let took = time_until(&health, true).await;
    assert_eq!(backend.calls(), 1 + 3 + 2);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_that_successes_divide_change_nothing() {
    let backend = Backend::new();
    let health = ready_service(&backend).await;
    for _ in 0..20 {
        for mood in [Mood::Down, Mood::Down, Mood::Up] {
            backend.turn(mood);
            let calls = backend.calls();
            while backend.calls() == calls {
                pass(Duration::from_millis(100)).await;
            }
            assert!(health.readiness().await.ready);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_failure_decides_alone() {
    let backend = Backend::new();
    backend.turn(Mood::Down);
    let health = Health::new();
    health
        .register(backend.check("database").critical())
        .unwrap();
    assert!(!health.readiness().await.ready);
    assert_eq!(backend.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_fails_at_its_timeout_and_its_future_is_dropped() {
    let backend = Backend::new();
    backend.turn(Mood::Hanging);
    let health = Health::new();
    let check = backend
        .check("database")
        .timeout(Duration::from_millis(200));
    health.register(check.critical()).unwrap();

    let start = Instant::now();
    assert!(!health.readiness().await.ready);
    assert!(
        start.elapsed() <= Duration::from_millis(201),
        "{:?}",
        start.elapsed()
    );

    pass(Duration::ZERO).await;
    assert_eq!((backend.calls(), backend.in_flight()), (1, 0));
    let report = health.check("database").await.unwrap();
    assert_eq!(report.state, CheckState::Failing);
    assert_eq!(report.error(), Some("no answer within 200ms"));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_has_failed_and_runs_again() {
    let backend = Backend::new();
    backend.turn(Mood::Panicking);
    let health = Health::new();
    health
        .register(backend.check("database").critical())
        .unwrap();
    assert!(!health.readiness().await.ready);
    let report = health.check("database").await.unwrap();
    assert_eq!(report.error(), Some("the check panicked"));

    backend.turn(Mood::Up);
    time_until(&health, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_before_it_returns_a_future_has_failed() {
    let health = Health::new();
    let check = Check::new("database", || -> Ready<_> { panic!("no future") });
    health.register(check).unwrap();
    assert_eq!(health.report().await.status, Status::Degraded);
}

#[tokio::test(start_paused = true)]
async fn thresholds_of_one_change_the_mind_at_once() {
    let backend = Backend::new();
    let health = Health::new();
    let check = backend.check("database").critical();
    let check = check.failure_threshold(1).success_threshold(1);
    health.register(check).unwrap();
    assert!(health.readiness().await.ready);
    for (mood, ready) in [(Mood::Down, false), (Mood::Up, true)] {
        let calls = backend.calls();
        backend.turn(mood);
        time_until(&health, ready).await;
        assert_eq!(backend.calls(), calls + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_says_how_old_a_result_is_and_how_long_it_took() {
    let health = Health::new();
    let check = Check::new("search", async || {
        advance(Duration::from_millis(30)).await;
        Ok(())
    });
    health.register(check).unwrap();
    health.report().await;
    pass(Duration::from_millis(1_200)).await;

    let report = &health.report().await.checks[0];
    assert_eq!(
        (report.name.as_str(), report.severity),
        ("search", Severity::Optional)
    );
    assert_eq!(
        (report.state, report.status),
        (CheckState::Passing, Status::Healthy)
    );
    assert_eq!(report.duration, Some(Duration::from_millis(30)));
    assert_eq!(report.age, Some(Duration::from_millis(1_200)));
    assert_eq!(report.error(), None);
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_single_failure_is_kept_until_the_next_success() {
    let backend = Backend::new();
    let health = ready_service(&backend).await;
    backend.turn(Mood::Down);
    while health.check("database").await.unwrap().error().is_none() {
        pass(Duration::from_millis(100)).await;
    }
    assert!(health.check("database").await.unwrap().is_passing());
    backend.turn(Mood::Up);
    while health.check("database").await.unwrap().error().is_some() {
        pass(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_failing_check_is_kept_until_it_passes() {
    let backend = Backend::new();
    let health = ready_service(&backend).await;
    backend.turn(Mood::Down);
    time_until(&health, false).await;
    let calls = backend.calls();
    backend.turn(Mood::Up);
    while backend.calls() == calls {
        pass(Duration::from_millis(100)).await;
    }
    let report = health.check("database").await.unwrap();
    assert_eq!(report.state, CheckState::Failing);
    assert_eq!(report.error(), Some("connection refused"));

    time_until(&health, true).await;
    assert_eq!(health.check("database").await.unwrap().error(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_blocks_its_thread_fails_and_never_runs_twice_at_once() {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, calls) = (Mutex::new(blocked), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    let check = Check::new("database", move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = blocked.lock().unwrap().recv();
        ready(Ok(()))
    });
    let health = Health::new();
    let check = check.timeout(Duration::from_millis(20));
    health
        .register(check.interval(Duration::from_millis(100)))
        .unwrap();
    assert!(!health.check("database").await.unwrap().is_passing());

    // Another one with the same schedule tells when the time for more runs has passed.
    let (turns, turned) = mpsc::channel();
    let clock = Check::new("clock", move || ready(turns.send(()).map_err(Into::into)));
    let clock = clock.timeout(Duration::from_millis(20));
    health
        .register(clock.interval(Duration::from_millis(100)))
        .unwrap();
    let all = tokio::task::spawn_blocking(move || turned.iter().take(4).count());
    assert_eq!(all.await.unwrap(), 4);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    drop(release);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_begins_to_block_its_thread_fails_once_for_each_run_that_it_holds_up() {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, blocks) = (Mutex::new(blocked), Arc::new(AtomicBool::new(false)));
    let begins = Arc::clone(&blocks);
    let check = Check::new("database", move || {
        if begins.load(Ordering::SeqCst) {
            let _ = blocked.lock().unwrap().recv();
        }
        ready(Ok(()))
    });
    let (told, changes) = mpsc::channel();
    let health = Health::new();
    health.on_change(move |change| {
        if let Change::Check { to, .. } = change {
            let _ = told.send(*to);
        }
    });
    let becomes = |state| while changes.recv_timeout(Duration::from_mins(1)).unwrap() != state {};
    health
        .register(check.interval(Duration::from_millis(100)))
        .unwrap();
    becomes(CheckState::Passing);

    // Three failures are needed, and it is run but once.
    blocks.store(true, Ordering::SeqCst);
    becomes(CheckState::Failing);

    blocks.store(false, Ordering::SeqCst);
    drop(release);
    becomes(CheckState::Passing);
}

#[tokio::test]
async fn a_blocking_check_keeps_no_task_from_running() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let check = Check::blocking("disk", move || {
        let _ = blocked.lock().unwrap().recv();
        Ok(())
    });
    let health = Health::new();
    let check = check.timeout(Duration::from_millis(20));
    health.register(check).unwrap();
    // One thread runs all tasks here, and it goes on.
    let report = health.check("disk").await.unwrap();
    assert!(!report.is_passing(), "{report:?}");
    drop(release);
}

#[tokio::test]
async fn a_blocking_check_that_hangs_blocks_one_thread_however_long() {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, calls) = (Mutex::new(blocked), Arc::new(AtomicUsize::new(0)));
    let called = Arc::clone(&calls);
    let often = |check: Check| {
        let every = Duration::from_millis(100);
        let check = check.interval(every).interval_while_failing(every);
        check.timeout(Duration::from_millis(20))
    };
    let check = Check::blocking("disk", move || {
        called.fetch_add(1, Ordering::SeqCst);
        let _ = blocked.lock().unwrap().recv();
        Ok(())
    });
    let health = Health::new();
    health.register(often(check)).unwrap();
    while calls.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // Another one with the same schedule tells when the time for more runs has passed.
    let (turns, turned) = mpsc::channel();
    let clock = Check::new("clock", move || ready(turns.send(()).map_err(Into::into)));
    health.register(often(clock)).unwrap();
    let some = tokio::task::spawn_blocking(move || turned.iter().take(4).count());
    assert_eq!(some.await.unwrap(), 4);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert!(!health.check("disk").await.unwrap().is_passing());
    drop(release);
}

#[tokio::test]
async fn a_blocking_check_is_told_how_long_it_may_take() {
    let (say, said) = mpsc::channel();
    let say = Mutex::new(say);
    let check = Check::blocking_within("disk", move |left| {
        say.lock().unwrap().send(left)?;
        Ok(())
    });
    let (timeout, all) = (Duration::from_mins(10), Duration::from_hours(1));
    let health = Health::new();
    health
        .register(check.interval(all).timeout(timeout))
        .unwrap();
    assert!(health.check("disk").await.unwrap().is_passing());
    let left = said.recv().unwrap();
    assert!(left <= timeout && left > timeout / 2, "{left:?}");
}

#[tokio::test]
async fn a_blocking_check_that_panics_has_failed() {
    let health = Health::new();
    let check = Check::blocking("disk", || panic!("expected: a check's own mistake"));
    health
        .register(check.timeout(Duration::from_secs(10)))
        .unwrap();
    let report = loop {
        let report = health.check("disk").await.unwrap();
        if report.age.is_some() {
            break report;
        }
    };
    assert_eq!(report.error(), Some("the check panicked"));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_or_hangs_keeps_no_other_from_its_work() {
    let (good, panicking, hanging) = (Backend::new(), Backend::new(), Backend::new());
    panicking.turn(Mood::Panicking);
    hanging.turn(Mood::Hanging);
    let health = Health::new();
    for (name, backend) in [("a", &panicking), ("b", &hanging), ("c", &good)] {
        health.register(backend.check(name)).unwrap();
    }
    for _ in 0..60 {
        pass(Duration::from_secs(1)).await;
        health.report().await;
    }
    let report = health.report().await;
    let states: Vec<_> = report.checks.iter().map(|check| check.state).collect();
    let failing = CheckState::Failing;
    assert_eq!(states, [failing, failing, CheckState::Passing]);
    assert!((6..=8).contains(&good.calls()), "{}", good.calls());
}
