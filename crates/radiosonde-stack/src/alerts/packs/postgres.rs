//! PostgreSQL, by `postgres_exporter`.

use super::super::{Alert, Category, Input, Severity, Story};

pub(super) const POSTGRES: Category = Category {
    name: "postgres",
    about: "PostgreSQL, by the metrics of `postgres_exporter`.",
    alerts: &[
        Alert {
            name: "PostgresDown",
            severity: Severity::Critical,
            expr: "pg_up == 0",
            hold: "1m",
            supersedes: None,
            summary: "PostgreSQL at {{ $labels.instance }} does not answer",
            means: "Nothing that it stores can be read or written.",
            look: &["The log of PostgreSQL", "The disk: a full one stops it"],
            act: &["Start it, or promote a replica"],
            story: |_| Story::of([Input::is(r#"pg_up{instance="a"}"#, 1.0, 0.0)]),
        },
        Alert {
            name: "PostgresConnectionsHigh",
            severity: Severity::Warning,
            expr: "sum by (job, instance) (pg_stat_activity_count)\n  / max by (job, instance) (pg_settings_max_connections)\n  > $postgres_connections_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the connections of PostgreSQL at {{ $labels.instance }} are taken",
            means: "When all are, services cannot connect, and neither can you.",
            look: &["`pg_stat_activity`: who holds them, and in which state"],
            act: &[
                "Make the pools of the services smaller",
                "Put a pooler before the database",
            ],
            story: |scene| {
                let limit = scene.get("postgres_connections_ratio") * 100.0;
                Story::of([
                    Input::is(r#"pg_settings_max_connections{instance="a"}"#, 100.0, 100.0),
                    Input::is(
                        r#"pg_stat_activity_count{instance="a",datname="orders",state="active"}"#,
                        limit * 0.9,
                        limit * 1.1,
                    ),
                ])
            },
        },
        Alert {
            name: "PostgresReplicationLag",
            severity: Severity::Warning,
            expr: "pg_replication_lag_seconds > $postgres_lag_seconds\n  and on (job, instance) pg_replication_is_replica == 1",
            hold: "5m",
            supersedes: None,
            summary: "The replica {{ $labels.instance }} is behind by {{ $value | humanizeDuration }}",
            means: "Who reads there reads what was true then. If it has to take over, that much is lost.",
            look: &[
                "Long queries on the replica: they hold replication up",
                "The network and the disk of the replica",
            ],
            act: &["End the query", "Read from the primary meanwhile"],
            story: |scene| {
                let limit = scene.get("postgres_lag_seconds");
                Story::of([
                    Input::is(r#"pg_replication_is_replica{instance="a"}"#, 1.0, 1.0),
                    Input::is(
                        r#"pg_replication_lag_seconds{instance="a"}"#,
                        limit * 0.9,
                        limit * 1.1,
                    ),
                ])
            },
        },
        Alert {
            name: "PostgresDeadlocks",
            severity: Severity::Warning,
            expr: "sum by (job, instance, datname) (increase(pg_stat_database_deadlocks[10m])) > 0",
            hold: "0s",
            supersedes: None,
            summary: "Transactions in {{ $labels.datname }} at {{ $labels.instance }} block each other",
            means: "PostgreSQL ends one of them with an error. Its request has to be tried again.",
            look: &["The log of PostgreSQL: it has both statements"],
            act: &[
                "Take locks in one order everywhere",
                "Make the transactions shorter",
            ],
            story: |_| {
                Story::of([Input::per_second(
                    r#"pg_stat_database_deadlocks{instance="a",datname="orders"}"#,
                    0.0,
                    0.02,
                )])
            },
        },
        Alert {
            name: "PostgresLongTransaction",
            severity: Severity::Warning,
            expr: "max by (job, instance, datname) (pg_stat_activity_max_tx_duration) > $postgres_transaction_seconds",
            hold: "5m",
            supersedes: None,
            summary: "A transaction in {{ $labels.datname }} at {{ $labels.instance }} has lasted {{ $value | humanizeDuration }}",
            means: "While it lasts, nothing that was deleted since can be cleaned up, and every query is slower.",
            look: &["`pg_stat_activity`, ordered by `xact_start`"],
            act: &[
                "End it with `pg_terminate_backend`",
                "Set `idle_in_transaction_session_timeout`",
            ],
            story: |scene| {
                let limit = scene.get("postgres_transaction_seconds");
                Story::of([Input::is(
                    r#"pg_stat_activity_max_tx_duration{instance="a",datname="orders",state="active"}"#,
                    limit * 0.9,
                    limit * 1.1,
                )])
            },
        },
    ],
};
