//! Pools of connections.

use radiosonde_catalog::CONNECTION_POOL_ACQUIRE_DURATION;

use super::{Alert, Category, Input, Severity, Story};

pub(super) const POOLS: Category = Category {
    name: "pools",
    about: "Pools of connections, such as those to databases.",
    alerts: &[
        Alert {
            name: "ConnectionPoolExhausted",
            severity: Severity::Critical,
            expr: "sum by (job, instance, pool) (connection_pool_connections{state=\"used\"})\n  / sum by (job, instance, pool) (connection_pool_connections_max)\n  >= 1\n  and sum by (job, instance, pool) (connection_pool_waiting) > 0",
            hold: "2m",
            supersedes: Some("ConnectionPoolNearlyFull"),
            summary: "Every connection of the pool {{ $labels.pool }} of {{ $labels.instance }} is in use, and tasks wait",
            means: "Requests that need the pool wait for one that has it, and fail when that takes too long.",
            look: LOOK,
            act: ACT,
            story: |_| {
                Story::of([
                    Input::is(MAX, 10.0, 10.0),
                    Input::is(USED, 9.0, 10.0),
                    Input::is(
                        r#"connection_pool_waiting{instance="a",pool="orders"}"#,
                        1.0,
                        5.0,
                    ),
                ])
            },
        },
        Alert {
            name: "ConnectionPoolTimeouts",
            severity: Severity::Warning,
            expr: "sum by (job, pool) (increase(connection_pool_timeouts_total[5m])) > 0",
            hold: "5m",
            supersedes: None,
            summary: "Tasks of {{ $labels.job }} wait in vain for a connection of the pool {{ $labels.pool }}",
            means: "Each of them is a request that failed, or a job that did not run.",
            look: LOOK,
            act: ACT,
            story: |_| {
                Story::of([Input::per_second(
                    r#"connection_pool_timeouts_total{instance="a",pool="orders"}"#,
                    0.0,
                    0.1,
                )])
            },
        },
        Alert {
            name: "ConnectionPoolNearlyFull",
            severity: Severity::Warning,
            expr: "sum by (job, instance, pool) (connection_pool_connections{state=\"used\"})\n  / sum by (job, instance, pool) (connection_pool_connections_max)\n  > $pool_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the pool {{ $labels.pool }} of {{ $labels.instance }} is in use",
            means: "A burst of requests will wait for connections.",
            look: LOOK,
            act: ACT,
            story: |scene| {
                let limit = scene.get("pool_ratio") * 100.0;
                Story::of([
                    Input::is(MAX, 100.0, 100.0),
                    Input::is(USED, limit * 0.9, limit * 1.1),
                ])
            },
        },
        Alert {
            name: "ConnectionPoolSlow",
            severity: Severity::Warning,
            expr: "histogram_quantile(\n  0.95,\n  sum by (job, pool, le) (rate(connection_pool_acquire_duration_seconds_bucket[5m]))\n) > $pool_wait_seconds",
            hold: "10m",
            supersedes: None,
            summary: "One task in twenty of {{ $labels.job }} waits {{ $value | humanizeDuration }} for a connection of {{ $labels.pool }}",
            means: "The wait is part of every request that needs the pool.",
            look: LOOK,
            act: ACT,
            story: |scene| {
                let histogram = &CONNECTION_POOL_ACQUIRE_DURATION;
                let labels = r#"instance="a",pool="orders","#;
                Story::of(scene.slow(histogram, labels, "pool_wait_seconds", 10.0, 0.05))
            },
        },
    ],
};

const MAX: &str = r#"connection_pool_connections_max{instance="a",pool="orders"}"#;

const USED: &str = r#"connection_pool_connections{instance="a",pool="orders",state="used"}"#;

const LOOK: &[&str] = &[
    "How long connections are held: slow queries, transactions around outgoing requests",
    "The database itself: connections, locks, processor",
];

const ACT: &[&str] = &[
    "Shorten what holds a connection",
    "Enlarge the pool, if the database can bear it: all instances together",
];
