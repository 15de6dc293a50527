//! What services always have: messages, caches, connection pools, queues, jobs, authentication and certificates.
//!
//! They exist where the service makes them, in `radiosonde_metrics::standard`. The first label is a name that the service
//! gives: of the queue, the cache, the pool. `outcome` is one of few words: `ok`, `error`, `cancelled` when the work was given
//! up before it was done, and `panicked`, as those of a request.

use crate::{Metric, Unit};

/// Messages whose processing ended, by how it ended.
///
/// `outcome` is `ok`, `error`, `cancelled` or `panicked`.
pub const MESSAGES_PROCESSED: Metric = Metric::counter("messages_processed_total")
    .with_otel_name("messaging.process.messages")
    .with_labels(&["queue", "outcome"])
    .with_otel_labels(&["messaging.destination.name", "radiosonde.outcome"])
    .with_help("Messages whose processing ended, by queue and outcome.");

/// How long the processing of messages took, whatever its outcome.
///
/// The bounds are those that the OpenTelemetry semantic conventions advise for `messaging.process.duration`.
pub const MESSAGE_PROCESSING_DURATION: Metric = Metric::histogram(
    "message_processing_duration_seconds",
    &[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ],
)
.with_otel_name("messaging.process.duration")
.with_unit(Unit::Seconds)
.with_labels(&["queue"])
.with_otel_labels(&["messaging.destination.name"])
.with_help("Time that the processing of a message took, in seconds.");

/// Lookups that the cache answered.
pub const CACHE_HITS: Metric = Metric::counter("cache_hits_total")
    .with_otel_name("cache.hits")
    .with_labels(&["cache"])
    .with_otel_labels(&["cache.name"])
    .with_help("Lookups that the cache answered.");

/// Lookups that the cache could not answer.
pub const CACHE_MISSES: Metric = Metric::counter("cache_misses_total")
    .with_otel_name("cache.misses")
    .with_labels(&["cache"])
    .with_otel_labels(&["cache.name"])
    .with_help("Lookups that the cache could not answer.");

/// Connections that a pool may have open.
pub const CONNECTION_POOL_CONNECTIONS_MAX: Metric =
    Metric::gauge("connection_pool_connections_max")
        .with_otel_name("db.client.connection.max")
        .with_labels(POOL)
        .with_otel_labels(OTEL_POOL)
        .with_help("Connections that the pool may have open at once.");

/// Connections that a pool has open.
///
/// `state` is `idle` or `used`.
pub const CONNECTION_POOL_CONNECTIONS: Metric = Metric::gauge("connection_pool_connections")
    .with_otel_name("db.client.connection.count")
    .with_labels(&["pool", "state"])
    .with_otel_labels(&[
        "db.client.connection.pool.name",
        "db.client.connection.state",
    ])
    .with_help("Connections that the pool has open, by state.");

/// Tasks that wait for a connection of a pool.
pub const CONNECTION_POOL_WAITING: Metric = Metric::up_down_counter("connection_pool_waiting")
    .with_otel_name("db.client.connection.pending_requests")
    .with_labels(POOL)
    .with_otel_labels(OTEL_POOL)
    .with_help("Tasks that wait for a connection of the pool.");

/// How long it took to get a connection of a pool, where there was one in the end.
pub const CONNECTION_POOL_ACQUIRE_DURATION: Metric = Metric::histogram(
    "connection_pool_acquire_duration_seconds",
    &[
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
        5.0, 10.0, 30.0,
    ],
)
.with_otel_name("db.client.connection.wait_time")
.with_unit(Unit::Seconds)
.with_labels(POOL)
.with_otel_labels(OTEL_POOL)
.with_help("Time that it took to get a connection of the pool, in seconds.");

/// How often no connection of a pool became free in time.
pub const CONNECTION_POOL_TIMEOUTS: Metric = Metric::counter("connection_pool_timeouts_total")
    .with_otel_name("db.client.connection.timeouts")
    .with_labels(POOL)
    .with_otel_labels(OTEL_POOL)
    .with_help("How often no connection of the pool became free in time.");

/// Entries that wait in a queue.
pub const QUEUE_DEPTH: Metric = Metric::gauge("queue_depth")
    .with_otel_name("queue.depth")
    .with_labels(&["queue"])
    .with_otel_labels(&["queue.name"])
    .with_help("Entries that wait in the queue.");

/// How long the oldest entry of a queue has waited.
pub const QUEUE_OLDEST_AGE: Metric = Metric::gauge("queue_oldest_age_seconds")
    .with_otel_name("queue.oldest_age")
    .with_unit(Unit::Seconds)
    .with_labels(&["queue"])
    .with_otel_labels(&["queue.name"])
    .with_help("Time for which the oldest entry of the queue has waited, in seconds.");

/// Runs of a job that ended, by how they ended.
///
/// `outcome` is `ok`, `error`, `cancelled` or `panicked`. The label is not called `job`, which Prometheus sets itself.
pub const JOB_RUNS: Metric = Metric::counter("job_runs_total")
    .with_otel_name("job.runs")
    .with_labels(&["job_name", "outcome"])
    .with_otel_labels(&["job.name", "radiosonde.outcome"])
    .with_help("Runs of the job that ended, by outcome.");

/// How long the runs of a job took, whatever their outcome.
pub const JOB_DURATION: Metric = Metric::histogram(
    "job_duration_seconds",
    &[
        0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0,
        43200.0,
    ],
)
.with_otel_name("job.duration")
.with_unit(Unit::Seconds)
.with_labels(&["job_name"])
.with_otel_labels(&["job.name"])
.with_help("Time that a run of the job took, in seconds.");

/// When a job last succeeded, in seconds since 1970; 0 while that is not known.
pub const JOB_LAST_SUCCESS: Metric = Metric::gauge("job_last_success_timestamp_seconds")
    .with_otel_name("job.last_success_timestamp")
    .with_unit(Unit::Seconds)
    .with_labels(&["job_name"])
    .with_otel_labels(&["job.name"])
    .with_help("When the job last succeeded, in seconds since 1970; 0 while that is not known.");

/// Attempts to say who one is, by how they ended.
///
/// `method` is a name that the service gives, such as `password`; `outcome` is `ok`, `refused` when the proof was wrong,
/// or `error` when it could not be checked.
pub const AUTHENTICATION_ATTEMPTS: Metric = Metric::counter("authentication_attempts_total")
    .with_otel_name("authentication.attempts")
    .with_labels(&["method", "outcome"])
    .with_otel_labels(&["authentication.method", "radiosonde.outcome"])
    .with_help("Attempts to authenticate, by method and outcome.");

/// When a certificate ends, in seconds since 1970; 0 while that is not known.
pub const CERTIFICATE_EXPIRY: Metric = Metric::gauge("certificate_expiry_timestamp_seconds")
    .with_otel_name("certificate.expiry_timestamp")
    .with_unit(Unit::Seconds)
    .with_labels(&["certificate"])
    .with_otel_labels(&["certificate.name"])
    .with_help("When the certificate ends, in seconds since 1970; 0 while that is not known.");

const POOL: &[&str] = &["pool"];

const OTEL_POOL: &[&str] = &["db.client.connection.pool.name"];
