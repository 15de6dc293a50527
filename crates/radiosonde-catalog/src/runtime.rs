//! What a Tokio runtime says of itself.
//!
//! `runtime` is the name under which it is watched, `main` unless there are several. When a runtime has ended, its gauges
//! read 0 and its totals stay.

use crate::{Metric, Unit};

/// Threads that run the tasks of the runtime.
pub const TOKIO_WORKERS: Metric = gauge(
    "tokio_workers",
    "tokio.workers",
    Unit::Count,
    "Threads that run the tasks of the runtime.",
);

/// Tasks that were spawned and have not ended. One of them measures [`TOKIO_SCHEDULING_DELAY`].
pub const TOKIO_ALIVE_TASKS: Metric = gauge(
    "tokio_alive_tasks",
    "tokio.alive_tasks",
    Unit::Count,
    "Tasks that were spawned and have not ended.",
);

/// Tasks that are ready to run and that no worker has taken.
pub const TOKIO_GLOBAL_QUEUE_DEPTH: Metric = gauge(
    "tokio_global_queue_depth",
    "tokio.global_queue.depth",
    Unit::Count,
    "Tasks in the queue that all workers share.",
);

/// Time that workers spent on tasks. A worker adds to it when it runs out of tasks.
pub const TOKIO_WORKER_BUSY: Metric = counter(
    "tokio_worker_busy_seconds_total",
    "tokio.worker.busy_time",
    Unit::Seconds,
    "Time that the workers spent on tasks, in seconds.",
);

/// How often workers ran out of tasks and went to sleep.
pub const TOKIO_WORKER_PARKS: Metric = counter(
    "tokio_worker_parks_total",
    "tokio.worker.parks",
    Unit::Count,
    "How often workers ran out of tasks.",
);

/// The share of the workers' time that was spent on tasks, since the reading before.
///
/// Readings within a second of each other show the same value.
pub const TOKIO_BUSY_RATIO: Metric = gauge(
    "tokio_busy_ratio",
    "tokio.busy_ratio",
    Unit::Ratio,
    "Share of the workers' time spent on tasks since the last reading.",
);

/// How late a task ran that wanted to run at a certain time, asked once a second.
///
/// Up to 2 ms of it is the granularity of timers, in the runtime and below it; the rest is time for which tasks wait,
/// because those before them do not yield. Other runtimes call it the lag of the event loop.
pub const TOKIO_SCHEDULING_DELAY: Metric = Metric::histogram(
    "tokio_scheduling_delay_seconds",
    &[
        0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
        2.5, 5.0, 10.0,
    ],
)
.with_otel_name("tokio.scheduling_delay")
.with_unit(Unit::Seconds)
.with_labels(LABELS)
.with_otel_labels(OTEL_LABELS)
.with_help("How late a task that sleeps is woken, in seconds.");

const fn gauge(
    name: &'static str,
    otel_name: &'static str,
    unit: Unit,
    help: &'static str,
) -> Metric {
    of_runtime(Metric::gauge(name), otel_name, unit, help)
}

const fn counter(
    name: &'static str,
    otel_name: &'static str,
    unit: Unit,
    help: &'static str,
) -> Metric {
    of_runtime(Metric::counter(name), otel_name, unit, help)
}

const fn of_runtime(
    metric: Metric,
    otel_name: &'static str,
    unit: Unit,
    help: &'static str,
) -> Metric {
    metric
        .with_otel_name(otel_name)
        .with_unit(unit)
        .with_labels(LABELS)
        .with_otel_labels(OTEL_LABELS)
        .with_help(help)
}

const LABELS: &[&str] = &["runtime"];

const OTEL_LABELS: &[&str] = &["tokio.runtime.name"];
