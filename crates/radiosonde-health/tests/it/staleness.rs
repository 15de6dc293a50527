//! A result that nobody renews.

use std::time::Duration;

use radiosonde_health::{CheckState, Health, Status};
use tokio::time::advance;

use crate::backend::{Backend, pass, runtime};

/// Returns a service whose critical check passed once, on a runtime that is gone.
fn service_whose_checker_died(backend: &Backend) -> Health {
    let health = Health::new();
    runtime().block_on(async {
        health
            .register(backend.check("database").critical())
            .expect("the name is free");
        assert!(health.readiness().await.ready);
    });
    health
}

#[test]
fn a_result_older_than_three_intervals_and_a_timeout_counts_as_failed() {
    let health = service_whose_checker_died(&Backend::new());
    runtime().block_on(async {
        advance(Duration::from_millis(31_100)).await;
        let report = health.report().await;
        assert_eq!(report.status, Status::Unhealthy);
        assert_eq!(report.checks[0].state, CheckState::Stale);
        assert!(report.checks[0].age > Some(Duration::from_secs(31)));
        assert!(!health.readiness().await.ready);
    });
}

#[test]
fn a_result_within_three_intervals_still_counts() {
    let health = service_whose_checker_died(&Backend::new());
    runtime().block_on(async {
        advance(Duration::from_secs(29)).await;
        assert_eq!(health.report().await.status, Status::Healthy);
    });
}

#[test]
fn a_checker_whose_runtime_ended_is_started_on_the_one_that_asks() {
    let backend = Backend::new();
    let health = service_whose_checker_died(&backend);
    runtime().block_on(async {
        advance(Duration::from_mins(1)).await;
        assert!(!health.readiness().await.ready);
        pass(Duration::ZERO).await;
        assert!(health.readiness().await.ready);
        assert_eq!(backend.calls(), 2);
    });
}
