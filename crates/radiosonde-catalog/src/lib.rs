//! The metrics of Radiosonde, as data.
//!
//! A *metric* is described once, here: its name, what kind of instrument records it, its unit, its labels and, for a
//! histogram, its bounds. The layer that records a metric and whatever explains, alerts on or draws it read the same
//! constant, so that they cannot drift apart.
//!
//! A service describes its own metrics the same way: [`Metric::counter`] and its siblings make constants, and a wrong one
//! does not compile.
//!
//! A *label* is a key that tells the series of one metric apart; its values come from a closed set. *Bounds* are the
//! upper limits of a histogram's buckets, each included in its bucket, in ascending order; the bucket without a limit
//! (`+Inf`) is implied. Names and labels have two *spellings*, one of Prometheus and one of OpenTelemetry.
//!
//! What a service promises about its requests is data, too: see [`objective`].
//!
//! # Examples
//!
//! ```
//! use radiosonde_catalog::{HTTP_REQUEST_DURATION, Kind, Unit};
//!
//! assert_eq!(HTTP_REQUEST_DURATION.name(), "http_request_duration_seconds");
//! assert_eq!(HTTP_REQUEST_DURATION.kind(), Kind::Histogram);
//! assert_eq!(HTTP_REQUEST_DURATION.unit(), Unit::Seconds);
//! assert_eq!(HTTP_REQUEST_DURATION.labels(), ["method", "route", "status"]);
//! ```

mod catalogue;
mod check;
mod client;
mod hash;
mod health;
mod info;
mod json;
mod metric;
pub mod objective;
mod own;
#[cfg(test)]
mod page;
mod process;
mod request;
mod rpc;
mod runtime;
mod slo;
mod standard;

pub use catalogue::Catalogue;
pub use client::{
    HTTP_CLIENT_ACTIVE_REQUESTS, HTTP_CLIENT_ERRORS, HTTP_CLIENT_REQUEST_DURATION,
    HTTP_CLIENT_REQUESTS,
};
pub use hash::fnv_1a;
pub use health::{
    HEALTH_CHECK_AGE, HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, HEALTH_CHECK_TRANSITIONS,
};
pub use info::{BUILD_INFO, TARGET_INFO};
pub use json::JSON_VERSION;
pub use metric::{Kind, Metric, Unit};
pub use own::{
    ERROR_EVENTS_CAPTURED, ERROR_EVENTS_DROPPED, ERROR_EVENTS_FAILED, ERROR_EVENTS_SENT,
    ERROR_EVENTS_SUPPRESSED, LOG_EVENTS, LOG_LINES, LOG_LINES_LOST, LOG_LINES_SUPPRESSED,
    LOG_RECORDS_DROPPED, LOG_RECORDS_ENDED, LOG_RECORDS_FAILED, LOG_RECORDS_SENT,
    METRIC_POINTS_COLLECTED, METRIC_POINTS_DROPPED, METRIC_POINTS_FAILED, METRIC_POINTS_SENT,
    METRICS_OVERFLOWED, METRICS_REFUSED, SERIES, SESSIONS_ENDED, SESSIONS_SENT, SPANS_DROPPED,
    SPANS_ENDED, SPANS_FAILED, SPANS_SENT,
};
pub use process::{
    PANICS, PROCESS_CGROUP_CPU_LIMIT, PROCESS_CGROUP_CPU_PERIODS, PROCESS_CGROUP_CPU_THROTTLED,
    PROCESS_CGROUP_CPU_THROTTLED_PERIODS, PROCESS_CGROUP_MEMORY_LIMIT, PROCESS_CGROUP_MEMORY_USAGE,
    PROCESS_CPU_SECONDS, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY,
    PROCESS_START_TIME, PROCESS_THREADS, PROCESS_VIRTUAL_MEMORY,
};
pub use request::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_CONNECTION_DURATION, HTTP_CONNECTIONS_ACCEPTED,
    HTTP_CONNECTIONS_FAILED, HTTP_ERRORS, HTTP_OPEN_CONNECTIONS, HTTP_REQUEST_BODY,
    HTTP_REQUEST_DURATION, HTTP_REQUESTS, HTTP_RESPONSE_BODY, HTTP_STREAM_DURATION,
    TLS_HANDSHAKE_DURATION,
};
pub use rpc::{
    RPC_ACTIVE_REQUESTS, RPC_CLIENT_ACTIVE_REQUESTS, RPC_CLIENT_ERRORS,
    RPC_CLIENT_REQUEST_DURATION, RPC_CLIENT_REQUESTS, RPC_CLIENT_STREAM_DURATION, RPC_ERRORS,
    RPC_REQUEST_DURATION, RPC_REQUESTS, RPC_STREAM_DURATION,
};
pub use runtime::{
    TOKIO_ALIVE_TASKS, TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY,
    TOKIO_WORKER_BUSY, TOKIO_WORKER_PARKS, TOKIO_WORKERS,
};
pub use slo::{
    SLO_BAD_EVENTS, SLO_BURN_RATE, SLO_ERROR_BUDGET_REMAINING, SLO_EVENTS, SLO_EXHAUSTED_IN,
    SLO_INFO,
};
pub use standard::{
    AUTHENTICATION_ATTEMPTS, CACHE_HITS, CACHE_MISSES, CERTIFICATE_EXPIRY,
    CONNECTION_POOL_ACQUIRE_DURATION, CONNECTION_POOL_CONNECTIONS, CONNECTION_POOL_CONNECTIONS_MAX,
    CONNECTION_POOL_TIMEOUTS, CONNECTION_POOL_WAITING, JOB_DURATION, JOB_LAST_SUCCESS, JOB_RUNS,
    MESSAGE_PROCESSING_DURATION, MESSAGES_PROCESSED, QUEUE_DEPTH, QUEUE_OLDEST_AGE,
};

/// Every metric of Radiosonde, requests first, in the order in which documents list them.
pub const METRICS: &[&Metric] = &[
    &HTTP_REQUESTS,
    &HTTP_REQUEST_DURATION,
    &HTTP_ERRORS,
    &HTTP_ACTIVE_CONNECTIONS,
    &HTTP_STREAM_DURATION,
    &HTTP_REQUEST_BODY,
    &HTTP_RESPONSE_BODY,
    &HTTP_CONNECTIONS_ACCEPTED,
    &HTTP_CONNECTIONS_FAILED,
    &HTTP_OPEN_CONNECTIONS,
    &HTTP_CONNECTION_DURATION,
    &TLS_HANDSHAKE_DURATION,
    &SLO_EVENTS,
    &SLO_BAD_EVENTS,
    &SLO_BURN_RATE,
    &SLO_ERROR_BUDGET_REMAINING,
    &SLO_EXHAUSTED_IN,
    &SLO_INFO,
    &HTTP_CLIENT_REQUESTS,
    &HTTP_CLIENT_REQUEST_DURATION,
    &HTTP_CLIENT_ERRORS,
    &HTTP_CLIENT_ACTIVE_REQUESTS,
    &RPC_REQUESTS,
    &RPC_REQUEST_DURATION,
    &RPC_ERRORS,
    &RPC_ACTIVE_REQUESTS,
    &RPC_STREAM_DURATION,
    &RPC_CLIENT_REQUESTS,
    &RPC_CLIENT_REQUEST_DURATION,
    &RPC_CLIENT_ERRORS,
    &RPC_CLIENT_ACTIVE_REQUESTS,
    &RPC_CLIENT_STREAM_DURATION,
    &MESSAGES_PROCESSED,
    &MESSAGE_PROCESSING_DURATION,
    &CACHE_HITS,
    &CACHE_MISSES,
    &CONNECTION_POOL_CONNECTIONS_MAX,
    &CONNECTION_POOL_CONNECTIONS,
    &CONNECTION_POOL_WAITING,
    &CONNECTION_POOL_ACQUIRE_DURATION,
    &CONNECTION_POOL_TIMEOUTS,
    &QUEUE_DEPTH,
    &QUEUE_OLDEST_AGE,
    &JOB_RUNS,
    &JOB_DURATION,
    &JOB_LAST_SUCCESS,
    &AUTHENTICATION_ATTEMPTS,
    &CERTIFICATE_EXPIRY,
    &HEALTH_CHECK_STATUS,
    &HEALTH_CHECK_DURATION,
    &HEALTH_CHECK_AGE,
    &HEALTH_CHECK_TRANSITIONS,
    &PROCESS_CPU_SECONDS,
    &PROCESS_RESIDENT_MEMORY,
    &PROCESS_VIRTUAL_MEMORY,
    &PROCESS_OPEN_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_THREADS,
    &PROCESS_START_TIME,
    &PROCESS_CGROUP_MEMORY_LIMIT,
    &PROCESS_CGROUP_MEMORY_USAGE,
    &PROCESS_CGROUP_CPU_LIMIT,
    &PROCESS_CGROUP_CPU_PERIODS,
    &PROCESS_CGROUP_CPU_THROTTLED_PERIODS,
    &PROCESS_CGROUP_CPU_THROTTLED,
    &PANICS,
    &TOKIO_WORKERS,
    &TOKIO_ALIVE_TASKS,
    &TOKIO_GLOBAL_QUEUE_DEPTH,
    &TOKIO_WORKER_BUSY,
    &TOKIO_WORKER_PARKS,
    &TOKIO_BUSY_RATIO,
    &TOKIO_SCHEDULING_DELAY,
    &TARGET_INFO,
    &BUILD_INFO,
    &SPANS_ENDED,
    &SPANS_SENT,
    &SPANS_FAILED,
    &SPANS_DROPPED,
    &METRIC_POINTS_COLLECTED,
    &METRIC_POINTS_SENT,
    &METRIC_POINTS_FAILED,
    &METRIC_POINTS_DROPPED,
    &ERROR_EVENTS_CAPTURED,
    &ERROR_EVENTS_SENT,
    &ERROR_EVENTS_FAILED,
    &ERROR_EVENTS_DROPPED,
    &ERROR_EVENTS_SUPPRESSED,
    &SESSIONS_ENDED,
    &SESSIONS_SENT,
    &LOG_RECORDS_ENDED,
    &LOG_RECORDS_SENT,
    &LOG_RECORDS_FAILED,
    &LOG_RECORDS_DROPPED,
    &LOG_EVENTS,
    &LOG_LINES_SUPPRESSED,
    &LOG_LINES,
    &LOG_LINES_LOST,
    &SERIES,
    &METRICS_REFUSED,
    &METRICS_OVERFLOWED,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_in_both_spellings() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), METRICS.len());
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.otel_name()).collect();
        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn labels_are_unique_in_both_spellings() {
        for metric in METRICS {
            for labels in [metric.labels(), metric.otel_labels()] {
                let unique: BTreeSet<_> = labels.iter().collect();
                assert_eq!(unique.len(), metric.labels().len(), "{}", metric.name());
            }
        }
    }

    #[test]
    fn every_metric_and_label_of_ours_has_an_opentelemetry_spelling() {
        let dotted = |name: &&str| name.contains('.');
        for metric in METRICS {
            assert!(dotted(&metric.otel_name()), "{}", metric.name());
            assert!(metric.otel_labels().iter().all(dotted), "{}", metric.name());
        }
    }

    #[test]
    fn names_and_labels_need_no_escaping() {
        let plain = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        for metric in METRICS {
            assert!(plain(metric.name()), "{}", metric.name());
            assert!(
                metric.labels().iter().all(|label| plain(label)),
                "{}",
                metric.name()
            );
        }
    }

    #[test]
    fn counters_end_in_total_and_units_in_their_word() {
        for metric in METRICS {
            assert_eq!(
                metric.kind() == Kind::Counter,
                metric.name().ends_with("_total"),
                "{}",
                metric.name()
            );
            let name = metric.name().trim_end_matches("_total");
            assert!(name.ends_with(metric.unit().prometheus()), "{name}");
        }
    }

    #[test]
    fn bounds_ascend_and_belong_to_histograms() {
        for metric in METRICS {
            assert!(
                metric.bounds().is_sorted_by(|a, b| a < b),
                "{}",
                metric.name()
            );
            assert_eq!(
                metric.kind() == Kind::Histogram,
                !metric.bounds().is_empty(),
                "{}",
                metric.name()
            );
        }
    }

    #[test]
    fn help_texts_are_one_sentence_on_one_line() {
        for metric in METRICS {
            assert!(
                metric.help().ends_with('.') && !metric.help().contains('\n'),
                "{}",
                metric.name()
            );
        }
    }
}
