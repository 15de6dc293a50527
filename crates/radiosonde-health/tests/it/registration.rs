//! What is taken, and where its task lives.

use std::future::pending;
use std::sync::Arc;

use radiosonde_health::{Check, CheckState, Health, RegisterError, Status};

use crate::backend::{Backend, runtime};

#[test]
fn a_name_is_taken_once() {
    let health = Health::new();
    let register = |name: &str| health.register(Backend::new().check(name));
    assert_eq!(register("database"), Ok(()));
    let error = register("database").unwrap_err();
    assert!(matches!(&error, RegisterError::DuplicateName { name, .. } if name == "database"));
    assert_eq!(
        error.to_string(),
        "a check named `database` is registered already: give each check a name of its own"
    );
}

#[test]
fn names_that_are_paths_or_need_escaping_are_refused() {
    let health = Health::new();
    for name in [
        "live",
        "ready",
        "startup",
        "metrics",
        "",
        "Data base",
        "a/b",
    ] {
        assert!(
            health.register(Backend::new().check(name)).is_err(),
            "{name}"
        );
    }
    assert!(runtime().block_on(health.report()).checks.is_empty());
}

#[test]
fn checks_registered_before_a_runtime_start_with_the_first_probe_inside_one() {
    let (backend, health) = (Backend::new(), Health::new());
    health
        .register(backend.check("database").critical())
        .unwrap();
    assert_eq!(backend.calls(), 0);
    runtime().block_on(async {
        assert!(health.readiness().await.ready);
        assert_eq!(backend.calls(), 1);
    });
}

#[test]
fn a_startup_probe_starts_the_checks_too() {
    let (backend, health) = (Backend::new(), Health::new());
    health.register(backend.check("database")).unwrap();
    runtime().block_on(async {
        assert!(health.startup().started);
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert_eq!(backend.calls(), 1);
    });
}

#[tokio::test(start_paused = true)]
async fn checks_registered_inside_a_runtime_start_at_once() {
    let (backend, health) = (Backend::new(), Health::new());
    health.register(backend.check("database")).unwrap();
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(backend.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn reports_keep_the_order_of_registration() {
    let health = Health::new();
    for name in ["zebra", "ant", "cow"] {
        health.register(Backend::new().check(name)).unwrap();
    }
    let report = health.report().await;
    let names: Vec<_> = report
        .checks
        .iter()
        .map(|check| check.name.as_str())
        .collect();
    assert_eq!(names, ["zebra", "ant", "cow"]);
    assert_eq!(report.status, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn when_the_last_handle_is_dropped_the_checks_end() {
    let (health, held) = (Health::new(), Arc::new(()));
    let witness = Arc::downgrade(&held);
    let check = Check::new("hanging", move || {
        let held = Arc::clone(&held);
        async move {
            pending::<()>().await;
            drop(held);
            Ok(())
        }
    });
    health.register(check).unwrap();
    tokio::task::yield_now().await;
    assert!(witness.upgrade().is_some());

    drop(health.clone());
    tokio::task::yield_now().await;
    assert!(witness.upgrade().is_some());

    drop(health);
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    assert!(witness.upgrade().is_none());
}

#[test]
fn without_a_runtime_a_check_is_unknown_and_nobody_waits() {
    let health = Health::new();
    health
        .register(Backend::new().check("database").critical())
        .unwrap();
    let mut report = std::pin::pin!(health.report());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(report) = report.as_mut().poll(&mut context) else {
        panic!("the report waits");
    };
    assert_eq!(report.checks[0].state, CheckState::Unknown);
    assert_eq!(report.status, Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn debug_output_names_the_checks_and_none_of_their_insides() {
    let health = Health::new();
    health
        .register(Backend::new().check("database").critical())
        .unwrap();
    let _ = health.gate("migrations");
    let text = format!("{health:?}");
    assert!(
        text.contains("database") && text.contains("migrations"),
        "{text}"
    );
}

#[test]
fn schedules_that_make_no_sense_are_refused_and_nothing_is_registered() {
    use std::time::Duration;
    let (health, second) = (Health::new(), Duration::from_secs(1));
    let check = || Backend::new().check("database");
    for (check, expected) in [
        (check().interval(Duration::ZERO), "at this interval"),
        (
            check().interval_while_failing(Duration::ZERO),
            "at this interval",
        ),
        (check().interval(Duration::MAX), "at this interval"),
        (check().timeout(Duration::ZERO), "may take 0ns"),
        (check().interval(second).timeout(2 * second), "may take 2s"),
    ] {
        let error = health.register(check).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(health.last_report().checks.is_empty());
}
