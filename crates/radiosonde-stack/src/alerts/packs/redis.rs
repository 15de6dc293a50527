//! Redis, by `redis_exporter`.

use super::super::{Alert, Category, Input, Severity, Story};

pub(super) const REDIS: Category = Category {
    name: "redis",
    about: "Redis, by the metrics of `redis_exporter`.",
    alerts: &[
        Alert {
            name: "RedisDown",
            severity: Severity::Critical,
            expr: "redis_up == 0",
            hold: "1m",
            supersedes: None,
            summary: "Redis at {{ $labels.instance }} does not answer",
            means: "Services that keep sessions, locks or queues there cannot work; those that only cache are slow.",
            look: &["The log of Redis", "Whether the machine is short of memory"],
            act: &["Start it, or promote a replica"],
            story: |_| Story::of([Input::is(r#"redis_up{instance="a"}"#, 1.0, 0.0)]),
        },
        Alert {
            name: "RedisMemoryHigh",
            severity: Severity::Warning,
            expr: "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > $redis_memory_ratio",
            hold: "5m",
            supersedes: None,
            summary: "Redis at {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory",
            means: "It is about to evict entries, or to refuse writes.",
            look: &["`redis-cli --bigkeys`", "Keys without an expiry"],
            act: &["Raise `maxmemory`", "Give keys an expiry"],
            story: |scene| {
                let limit = scene.get("redis_memory_ratio") * 1e9;
                Story::of([
                    Input::is(r#"redis_memory_max_bytes{instance="a"}"#, 1e9, 1e9),
                    Input::is(
                        r#"redis_memory_used_bytes{instance="a"}"#,
                        limit * 0.9,
                        limit * 1.05,
                    ),
                ])
            },
        },
        Alert {
            name: "RedisRejectedConnections",
            severity: Severity::Warning,
            expr: "increase(redis_rejected_connections_total[5m]) > 0",
            hold: "2m",
            supersedes: None,
            summary: "Redis at {{ $labels.instance }} refuses connections",
            means: "It has as many as `maxclients` allows. Each refusal is a request that failed.",
            look: &["`redis-cli client list`: who holds them, and are they idle?"],
            act: &[
                "Mend the client that leaks connections",
                "Raise `maxclients`",
            ],
            story: |_| {
                Story::of([Input::per_second(
                    r#"redis_rejected_connections_total{instance="a"}"#,
                    0.0,
                    0.2,
                )])
            },
        },
        Alert {
            name: "RedisReplicationBroken",
            severity: Severity::Warning,
            expr: "redis_master_link_up == 0",
            hold: "5m",
            supersedes: None,
            summary: "The replica {{ $labels.instance }} has lost its master",
            means: "It answers with what was true when it lost it, and would be a bad master.",
            look: &["The log of the replica", "The network between both"],
            act: &["Mend the network", "Let it replicate anew"],
            story: |_| Story::of([Input::is(r#"redis_master_link_up{instance="a"}"#, 1.0, 0.0)]),
        },
    ],
};
