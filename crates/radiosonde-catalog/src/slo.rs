//! What is known of objectives while the service runs.
//!
//! `slo` is the name of an objective. `route` is the template of one that is about each route, and absent, which is the same
//! as empty, of the others. Their series are there from the start, at 0, so that the first failure is an increase.

use crate::{Metric, Unit};

/// Requests that an objective counts.
pub const SLO_EVENTS: Metric = Metric::counter("slo_events_total")
    .with_otel_name("radiosonde.slo.events")
    .with_labels(&["slo", "route"])
    .with_otel_labels(&["radiosonde.slo.name", "http.route"])
    .with_help("Requests that an objective counts.");

/// Requests that broke an objective: they failed, or took too long. They are among [`SLO_EVENTS`].
pub const SLO_BAD_EVENTS: Metric = Metric::counter("slo_bad_events_total")
    .with_otel_name("radiosonde.slo.bad_events")
    .with_labels(&["slo", "route"])
    .with_otel_labels(&["radiosonde.slo.name", "http.route"])
    .with_help("Requests that broke an objective.");

/// The share of bad requests in a window, in units of the error budget; 0 without requests.
///
/// `window` is `5m`, `30m`, `1h`, `2h`, `6h`, `1d`, `3d` or `period`.
pub const SLO_BURN_RATE: Metric = Metric::gauge("slo_burn_rate")
    .with_otel_name("radiosonde.slo.burn_rate")
    .with_labels(&["slo", "route", "window"])
    .with_otel_labels(&["radiosonde.slo.name", "http.route", "radiosonde.slo.window"])
    .with_help("Share of bad requests in a window, in units of the error budget.");

/// The share of the error budget of the period that is left; below 0 when more was spent than there was.
pub const SLO_ERROR_BUDGET_REMAINING: Metric = Metric::gauge("slo_error_budget_remaining_ratio")
    .with_otel_name("radiosonde.slo.error_budget_remaining")
    .with_unit(Unit::Ratio)
    .with_labels(&["slo", "route"])
    .with_otel_labels(&["radiosonde.slo.name", "http.route"])
    .with_help("Share of the error budget of the period that is left.");

/// How long the error budget of the period lasts when requests go on failing as in the last hour; 0 when it is spent, and `+Inf`
/// when that is longer than the period, after which all that was spent is regained.
pub const SLO_EXHAUSTED_IN: Metric = Metric::gauge("slo_exhausted_in_seconds")
    .with_otel_name("radiosonde.slo.exhausted_in")
    .with_unit(Unit::Seconds)
    .with_labels(&["slo", "route"])
    .with_otel_labels(&["radiosonde.slo.name", "http.route"])
    .with_help(
        "Time until the error budget is spent, as requests failed in the last hour, in seconds.",
    );

/// What an objective promises, as labels.
///
/// What may change stands here and not on the others, so that a change does not make new series of them.
pub const SLO_INFO: Metric = Metric::gauge("slo_info")
    .with_otel_name("radiosonde.slo.info")
    .with_labels(&[
        "slo",
        "kind",
        "target",
        "threshold_seconds",
        "period_seconds",
        "team",
    ])
    .with_otel_labels(&[
        "radiosonde.slo.name",
        "radiosonde.slo.kind",
        "radiosonde.slo.target",
        "radiosonde.slo.threshold",
        "radiosonde.slo.period",
        "radiosonde.slo.team",
    ])
    .with_help("What an objective promises, as labels.");
