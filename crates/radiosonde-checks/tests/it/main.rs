//! The checks that need no server of others.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

#[cfg(all(feature = "certificate", unix))]
mod certificate;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(all(feature = "clickhouse", feature = "gremlin", feature = "http"))]
mod http;
#[cfg(all(
    feature = "disk",
    feature = "dns",
    feature = "sqlite",
    feature = "tcp",
    unix
))]
mod local;

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
