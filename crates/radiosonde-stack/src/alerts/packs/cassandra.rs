//! Cassandra, by the exporter of its JMX beans.

use super::super::{Alert, Category, Input, Severity, Story};

pub(super) const CASSANDRA: Category = Category {
    name: "cassandra",
    about: "Cassandra, by the metrics of `cassandra_exporter`.",
    alerts: &[
        Alert {
            name: "CassandraNodeDown",
            severity: Severity::Critical,
            expr: "up{job=~\"cassandra([-_]exporter)?\"} == 0",
            hold: "2m",
            supersedes: None,
            summary: "The Cassandra node {{ $labels.instance }} does not answer",
            means: "Its ranges have one replica less. Whether requests fail depends on their consistency level.",
            look: &["`nodetool status` on another node", "The log of the node"],
            act: &["Start it; after more than `max_hint_window`, repair it"],
            story: |_| {
                let down = |series: &str| Story::of([Input::is(series, 1.0, 0.0)]);
                let other = down(r#"up{job="cassandra-api",instance="a"}"#).silent();
                down(r#"up{job="cassandra",instance="a"}"#)
                    .and("a service that is called alike", other)
            },
        },
        Alert {
            name: "CassandraLatencyHigh",
            severity: Severity::Warning,
            expr: "cassandra_clientrequest_latency_seconds{quantile=\"0.99\"} > $cassandra_latency_seconds",
            hold: "10m",
            supersedes: None,
            summary: "One {{ $labels.operation }} in a hundred at {{ $labels.instance }} takes {{ $value | humanizeDuration }}",
            means: "Services that need it wait.",
            look: &[
                "`nodetool tpstats`: what is pending",
                "Pauses of the garbage collection",
                "Wide partitions and tombstones",
            ],
            act: &[
                "Relieve the node",
                "Repair or compact the table that is read",
            ],
            story: |scene| {
                let limit = scene.get("cassandra_latency_seconds");
                Story::of([Input::is(
                    r#"cassandra_clientrequest_latency_seconds{instance="a",operation="read",quantile="0.99"}"#,
                    limit * 0.9,
                    limit * 1.1,
                )])
            },
        },
        Alert {
            name: "CassandraCompactionBehind",
            severity: Severity::Warning,
            expr: "cassandra_compaction_pendingtasks > $cassandra_pending_compactions",
            hold: "30m",
            supersedes: None,
            summary: "{{ $value }} compactions wait at {{ $labels.instance }}",
            means: "Reads have to look into more and more files.",
            look: &["`nodetool compactionstats`", "The disk of the node"],
            act: &["Raise the throughput of compaction", "Add nodes"],
            story: |scene| {
                let limit = scene.get("cassandra_pending_compactions");
                Story::of([Input::is(
                    r#"cassandra_compaction_pendingtasks{instance="a"}"#,
                    limit * 0.9,
                    limit * 1.1,
                )])
            },
        },
        Alert {
            name: "CassandraRequestsTimeOut",
            severity: Severity::Warning,
            expr: "sum by (job, operation) (rate(cassandra_clientrequest_timeouts_total[5m])) > 0",
            hold: "5m",
            supersedes: None,
            summary: "A {{ $labels.operation }} of Cassandra finds too few replicas in time",
            means: "The request fails, or has to be tried again.",
            look: &[
                "`nodetool status`: nodes that are down or joining",
                "Load and garbage collection of the replicas",
            ],
            act: &["Bring the nodes back", "Relieve them"],
            story: |_| {
                Story::of([Input::per_second(
                    r#"cassandra_clientrequest_timeouts_total{instance="a",operation="read"}"#,
                    0.0,
                    0.2,
                )])
            },
        },
    ],
};
