//! From the start to the end of a service.

use std::time::Duration;

use radiosonde_health::{CheckState, Health, Obstacle, Status};

use crate::backend::{Backend, Mood, pass};

#[tokio::test(start_paused = true)]
async fn a_service_without_checks_and_gates_is_healthy_and_ready() {
    let health = Health::new();
    assert!(health.liveness().alive && health.startup().started);
    assert!(health.readiness().await.ready);
    assert_eq!(health.report().await.status, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_service_has_started_when_every_gate_is_open() {
    let health = Health::new();
    let (migrations, cache) = (health.gate("migrations"), health.gate("cache"));
    assert_eq!(health.startup().closed_gates, ["migrations", "cache"]);
    assert_eq!(health.readiness().await.obstacles, [Obstacle::Starting]);
    assert!(health.liveness().alive);

    migrations.open();
    migrations.open();
    assert_eq!(health.startup().closed_gates, ["cache"]);
    assert!(!health.startup().started);

    cache.clone().open();
    assert!(health.startup().started && health.readiness().await.ready);
}

#[test]
fn a_gate_that_is_dropped_stays_closed() {
    let health = Health::new();
    drop(health.gate("migrations"));
    assert!(!health.startup().started);
}

#[tokio::test(start_paused = true)]
async fn an_optional_check_degrades_and_never_fails_readiness() {
    let backend = Backend::new();
    backend.turn(Mood::Down);
    let health = Health::new();
    health.register(backend.check("cache")).unwrap();
    let readiness = health.readiness().await;
    assert!(readiness.ready && readiness.obstacles.is_empty());
    assert_eq!(readiness.checks[0].status, Status::Degraded);
    assert_eq!(health.report().await.status, Status::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_critical_check_that_fails_is_named() {
    let backend = Backend::new();
    backend.turn(Mood::Down);
    let health = Health::new();
    health
        .register(Backend::new().check("cache").critical())
        .unwrap();
    health
        .register(backend.check("database").critical())
        .unwrap();
    let readiness = health.readiness().await;
    let obstacles: Vec<_> = readiness
        .obstacles
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(obstacles, ["check database"]);
    assert_eq!(health.report().await.status, Status::Unhealthy);
    assert!(health.liveness().alive);
}

#[tokio::test(start_paused = true)]
async fn draining_turns_readiness_red_for_good_and_leaves_the_rest_green() {
    let health = Health::new();
    health
        .register(Backend::new().check("database").critical())
        .unwrap();
    assert!(health.readiness().await.ready);
    health.start_draining();
    health.start_draining();
    assert_eq!(health.readiness().await.obstacles, [Obstacle::Draining]);
    assert!(health.liveness().alive && health.startup().started);
    assert_eq!(health.report().await.status, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn draining_is_seen_by_a_probe_that_waits_for_a_first_run() {
    let backend = Backend::new();
    backend.turn(Mood::Hanging);
    let health = Health::new();
    health.register(backend.check("database")).unwrap();
    let probe = tokio::spawn({
        let health = health.clone();
        async move { health.readiness().await }
    });
    pass(Duration::from_millis(500)).await;
    health.start_draining();
    assert_eq!(probe.await.unwrap().obstacles, [Obstacle::Draining]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_ready_anyway_answers_without_waiting() {
    let backend = Backend::new();
    backend.turn(Mood::Hanging);
    let health = Health::new();
    health
        .register(backend.check("database").critical())
        .unwrap();
    health.start_draining();
    let start = tokio::time::Instant::now();
    let readiness = health.readiness().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(readiness.obstacles[0], Obstacle::Draining);
    assert_eq!(readiness.checks[0].state, CheckState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_service_is_not_ready_and_asks_nobody() {
    let backend = Backend::new();
    let health = Health::new();
    health.register(backend.check("database")).unwrap();
    assert!(health.readiness().await.ready);
    health.start_draining();
    health.stop();
    health.register(backend.check("late")).unwrap();
    for _ in 0..100 {
        pass(Duration::from_secs(1)).await;
        assert_eq!(health.readiness().await.obstacles, [Obstacle::Stopped]);
    }
    assert_eq!(backend.calls(), 1);
    let states = health
        .report()
        .await
        .checks
        .into_iter()
        .map(|check| check.state);
    assert_eq!(
        states.collect::<Vec<_>>(),
        [CheckState::Stale, CheckState::Unknown]
    );
    assert!(health.liveness().alive);
}

#[tokio::test(start_paused = true)]
async fn an_unrecoverable_process_is_dead_for_its_first_reason() {
    let health = Health::new();
    health.register(Backend::new().check("database")).unwrap();
    health.mark_unrecoverable("the writer thread died");
    health.mark_unrecoverable(String::from("the reader thread died"));
    let liveness = health.liveness();
    assert!(!liveness.alive);
    assert_eq!(liveness.reason(), Some("the writer thread died"));
    assert_eq!(
        health.readiness().await.obstacles,
        [Obstacle::Unrecoverable]
    );
    assert_eq!(health.report().await.status, Status::Unhealthy);
}
