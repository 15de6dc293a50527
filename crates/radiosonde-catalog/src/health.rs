//! Health checks: what each says, and since when.

use crate::{Metric, Unit};

/// What the state of a check means to the service: 1 healthy, 0.5 degraded, 0 unhealthy.
///
/// A check that has no result yet, or an old one, counts as failed.
pub const HEALTH_CHECK_STATUS: Metric = Metric::gauge("health_check_status")
    .with_otel_name("health.check.status")
    .with_labels(CHECK)
    .with_otel_labels(OTEL_CHECK)
    .with_help(
        "Health of the service as far as the check goes: 1 healthy, 0.5 degraded, 0 unhealthy.",
    );

/// How long the last run of a check took. It is not there before the first has ended.
pub const HEALTH_CHECK_DURATION: Metric = Metric::gauge("health_check_duration_seconds")
    .with_otel_name("health.check.duration")
    .with_unit(Unit::Seconds)
    .with_labels(CHECK)
    .with_otel_labels(OTEL_CHECK)
    .with_help("Time that the last run of the check took, in seconds.");

/// How long ago the last run of a check ended. It is not there before the first has.
pub const HEALTH_CHECK_AGE: Metric = Metric::gauge("health_check_age_seconds")
    .with_otel_name("health.check.age")
    .with_unit(Unit::Seconds)
    .with_labels(CHECK)
    .with_otel_labels(OTEL_CHECK)
    .with_help("Time since the last run of the check ended, in seconds.");

/// How often the state of a check changed, to passing, failing or stale. Its first result is no change.
pub const HEALTH_CHECK_TRANSITIONS: Metric = Metric::counter("health_check_transitions_total")
    .with_otel_name("health.check.transitions")
    .with_labels(CHECK)
    .with_otel_labels(OTEL_CHECK)
    .with_help("Changes of the state of the check.");

const CHECK: &[&str] = &["check"];
const OTEL_CHECK: &[&str] = &["health.check.name"];
