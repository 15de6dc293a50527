//! The checks that need no server of others.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

#[cfg(feature = "cassandra-metrics")]
mod cassandra;
#[cfg(all(feature = "certificate", unix))]
mod certificate;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(all(feature = "clickhouse", feature = "gremlin", feature = "http"))]
mod http;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(all(
    feature = "disk",
    feature = "dns",
    feature = "sqlite",
    feature = "tcp",
    unix
))]
mod local;
#[cfg(any(
    feature = "cassandra-metrics",
    all(feature = "clickhouse", feature = "gremlin")
))]
mod recorded;

use radiosonde_health::{Check, CheckReport, Health};

/// Runs a check once.
async fn run(check: Check) -> CheckReport {
    let health = Health::new();
    let name = check.name().to_owned();
    // A slow machine only waits longer.
    let minute = std::time::Duration::from_mins(1);
    health
        .register(check.interval(minute).timeout(minute))
        .unwrap();
    health.check(&name).await.unwrap()
}

/// Runs a check once and returns why it failed.
async fn error(check: Check) -> String {
    let report = run(check).await;
    assert!(!report.is_passing());
    report.error().unwrap_or_default().to_owned()
}

/// Waits until a service is ready, or no longer, for the reason that is given.
#[cfg(any(feature = "cassandra-metrics", feature = "kafka"))]
async fn turns(health: &Health, ready: bool, what: &str) {
    let turned = async {
        while health.readiness().await.ready != ready {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let turned = tokio::time::timeout(std::time::Duration::from_mins(1), turned).await;
    assert!(turned.is_ok(), "{what}: {:?}", health.last_report().checks);
}
