//! Cassandra, by the exporter of Instaclustr.
//!
//! Names and labels are those of its source, version 0.9.14 (`FactoriesSupplier.java` in
//! <https://github.com/instaclustr/cassandra-exporter>), which its own boards use as well. It leaves out what is a total: requests
//! are told by `operation`, such as `read`, and by `consistency`, and compactions that wait by table.

use super::super::{Alert, Category, Input, Severity, Story};

pub(super) const CASSANDRA: Category = Category {
    name: "cassandra",
    about: "Cassandra, by the metrics of `cassandra-exporter` of Instaclustr, an agent in each node.",
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
            expr: "max by (job, instance, operation) (cassandra_client_request_latency_seconds{quantile=\"0.99\"}) > $cassandra_latency_seconds",
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
                let read = |consistency: &str, quantile: &str, calm, bad| {
                    let labels = format!(
                        "instance=\"a\",operation=\"read\",consistency=\"{consistency}\",quantile=\"{quantile}\""
                    );
                    let series = format!("cassandra_client_request_latency_seconds{{{labels}}}");
                    Input::is(series, limit * calm, limit * bad)
                };
                Story::of([
                    read("QUORUM", "0.99", 0.9, 1.1),
                    read("QUORUM", "0.999", 2.0, 2.0),
                    read("ONE", "0.99", 0.1, 0.1),
                ])
            },
        },
        Alert {
            name: "CassandraCompactionBehind",
            severity: Severity::Warning,
            expr: "sum by (job, instance) (cassandra_table_estimated_pending_compactions) > $cassandra_pending_compactions",
            hold: "30m",
            supersedes: None,
            summary: "{{ $value }} compactions wait at {{ $labels.instance }}",
            means: "Reads have to look into more and more files.",
            look: &["`nodetool compactionstats`", "The disk of the node"],
            act: &["Raise the throughput of compaction", "Add nodes"],
            story: |scene| {
                let limit = scene.get("cassandra_pending_compactions");
                let waiting = |table: &str, calm, bad| {
                    let labels = format!("instance=\"a\",keyspace=\"shop\",table=\"{table}\"");
                    let series =
                        format!("cassandra_table_estimated_pending_compactions{{{labels}}}");
                    Input::is(series, limit * calm, limit * bad)
                };
                Story::of([waiting("orders", 0.5, 0.7), waiting("carts", 0.4, 0.4)])
            },
        },
        Alert {
            name: "CassandraRequestsTimeOut",
            severity: Severity::Warning,
            expr: "sum by (job, operation) (rate(cassandra_client_request_timeouts_total[5m])) > 0",
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
                    r#"cassandra_client_request_timeouts_total{instance="a",operation="read",consistency="QUORUM"}"#,
                    0.0,
                    0.2,
                )])
            },
        },
    ],
};
