//! The reference page of the alerts, made from their tables and compared with what is written.

use std::fmt::Write as _;

use radiosonde_stack::alerts::packs::PACKS;
use radiosonde_stack::alerts::{CATEGORIES, Category};
use radiosonde_stack::prometheus::RECORDS;
use radiosonde_stack::settings::{HOLDS, SETTINGS};
use radiosonde_testkit::pages;

#[test]
fn the_reference_page_lists_every_alert_and_every_threshold() {
    pages::compare("alerts.md", &page());
}

fn page() -> String {
    let mut page = String::from(
        "# Alerts\n\nWhat `radiosonde stack` writes for every service, beside the tiers of its objectives. Expressions stand here \
         without\nthe matcher of the service; a word behind `$` is a threshold, and `stack.toml` sets it.\nA digest tells of what fires in its hour, and of nothing that was over before.\n",
    );
    for category in CATEGORIES {
        group(category, 2, &mut page);
    }
    page.push_str("\n## Packs\n\nThey are written when `packs` in the settings names them.\n");
    for pack in PACKS {
        group(pack, 3, &mut page);
    }
    page.push_str(DECLARED);
    page.push_str(
        "\n## What is usually watched\n\nWhat teams ask for, and what stands for it here; where nothing does, why.\n\n\
         | wanted | here | not covered, because |\n|---|---|---|\n",
    );
    for (wanted, here, missing) in COVERAGE {
        let _ = writeln!(page, "| {wanted} | {here} | {missing} |");
    }
    page.push_str("\n## Thresholds\n\n| name | default | why |\n|---|---|---|\n");
    for setting in SETTINGS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            setting.name, setting.default, setting.reason
        );
    }
    page.push_str(
        "\n## Holds\n\nThe last column of the tables above: for how long it has to be so. `holds` in the settings changes that of an \
         alert, for all\nservices or for one.\n\n| for | why |\n|---|---|\n",
    );
    for hold in HOLDS {
        let _ = writeln!(page, "| {} | {} |", hold.hold, hold.reason);
    }
    page.push_str("\n## Recorded series\n\n| name | expression |\n|---|---|\n");
    for record in RECORDS.iter().flat_map(|(_, records)| *records) {
        let _ = writeln!(page, "| `{}` | `{}` |", record.name, line(record.expr));
    }
    page
}

fn group(category: &Category, depth: usize, page: &mut String) {
    let name = &category.name;
    let (first, rest) = name.split_at(1);
    let _ = write!(
        page,
        "\n{} {}{rest}\n\n{}\n\n| alert | severity | fires on | for |\n|---|---|---|---|\n",
        "#".repeat(depth),
        first.to_uppercase(),
        category.about
    );
    for alert in category.alerts {
        let (name, severity, hold) = (alert.name, alert.severity.as_str(), alert.hold);
        let _ = writeln!(
            page,
            "| `{name}` | {severity} | `{}` | {hold} |",
            line(alert.expr)
        );
    }
}

/// An expression in a cell: on one line, and with no bar that would end it.
fn line(expr: &str) -> String {
    let words: Vec<_> = expr.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[test]
fn what_is_said_to_stand_for_something_exists() {
    let alerts = CATEGORIES.iter().chain(PACKS);
    let stack = ["RuleEvaluationFailing", "NotificationsFailing", "Watchdog"];
    let alerts: Vec<_> = alerts
        .flat_map(|category| category.alerts)
        .map(|alert| alert.name)
        .chain([
            "SLOBurnPage",
            "SLOBurnTicket",
            "SLOBudgetExhausted",
            "SLONoTraffic",
        ])
        .chain(stack)
        .collect();
    for (wanted, here, missing) in COVERAGE {
        assert!(!here.is_empty() || !missing.is_empty(), "{wanted}");
        let names = here.split('`').skip(1).step_by(2);
        for name in names.filter(|name| name.starts_with(char::is_uppercase)) {
            assert!(alerts.contains(&name), "{wanted}: {name}");
        }
    }
}

const DECLARED: &str = r#"
## Declared

What a service measures of its own is watched when the settings say so: for each alert a rule, its test and its page.

```toml
[services.checkout.alerts.OrdersLow]
metric = "orders_paid_total"
when = "rate_below"
limit = 0.1                      # per second
by = ["payment"]                 # each way to pay by itself
severity = "critical"            # a warning, unless set
hold_seconds = 900               # 600, unless set
means = "Customers cannot pay."
act = ["Offer another way to pay"]
```

| `when` | of | fires when |
|---|---|---|
| `rate_below`, `rate_above` | counters | it grows by less, or more, than `limit` per second; what a new process has not counted yet grows by 0: with `by`, the series that there were a day ago |
| `spike` | counters | it grows `limit` times as fast as a week ago |
| `stopped` | counters | it grew within the last hour, and no longer does |
| `share_above` | counters | the series with these `labels` are a larger share than `limit` |
| `value_above`, `value_below` | gauges | the largest value is above, or the smallest below, `limit` |
| `age_above` | gauges that hold a time | that is more than `limit` seconds ago, as any process of the last seven days knew it |
| `slower_than` | histograms | the 95th percentile is above `limit` |
"#;

/// What the systems of others watch, what does that here, and why something does not.
const COVERAGE: &[(&str, &str, &str)] = &[
    (
        "The service is down, unhealthy, restarts",
        "`ServiceDown`, `ServiceMissing`, `InstanceDown`, `ServiceUnhealthy`, `ServiceDegraded`, `ServiceRestarting`; exactly, in the pack kubernetes, `KubernetesPodCrashLooping`",
        "Over OTLP (`--naming opentelemetry`) each process is an instance of its own, so `ServiceRestarting` is left out, and the notes say so.",
    ),
    (
        "Errors",
        "`HighErrorRatio`, `CriticalErrorRatio`, `RouteFailing`, `HandlerPanics`, `BackgroundPanics`; over gRPC, `HighGrpcErrorRatio`, `CriticalGrpcErrorRatio`, `GrpcMethodFailing`, `GrpcHandlerPanics`",
        "So many errors per second: the number grows with the load. A declared alert can ask for it (`rate_above`).",
    ),
    (
        "Latency of requests",
        "`HighLatency`, `CriticalLatency`; over gRPC, `HighGrpcLatency`, `CriticalGrpcLatency`",
        "Each route or method: on its board, and with an objective for each of them. What the bounds of a histogram cannot decide is left out, and the tree says so.",
    ),
    (
        "Latency of calls and queries",
        "`DependencySlow`, `GrpcDependencySlow`, `ConnectionPoolSlow`",
        "Single queries are not timed by the library. A histogram of the service can be (`slower_than`).",
    ),
    (
        "Load",
        "`RequestRateSpike`, `RequestRateDrop`, `TooManyRequestsInFlight`; over gRPC, `GrpcCallRateSpike`, `GrpcCallRateDrop`, `TooManyGrpcCallsInFlight`",
        "",
    ),
    (
        "Objectives and budgets, calls of gRPC included",
        "`SLOBurnPage`, `SLOBurnTicket`, `SLOBudgetExhausted`, `SLONoTraffic`",
        "",
    ),
    (
        "Memory and processor of the service",
        "`HighMemoryUsage`, `CriticalMemoryUsage`, `HighCpuUsage`, `CriticalCpuUsage`, `CpuThrottled`",
        "So many bytes without a limit: nobody knows what is too much. A declared alert can say it (`value_above`).",
    ),
    (
        "Memory, processor and disks of machines",
        "Pack node: `NodeMemoryLow`, `NodeCpuBusy`, `NodeDiskFilling`, `NodeDiskFull`",
        "",
    ),
    (
        "Pools and caches",
        "`ConnectionPoolExhausted`, `ConnectionPoolNearlyFull`, `ConnectionPoolTimeouts`, `LowCacheHitRatio`",
        "",
    ),
    (
        "PostgreSQL: down, connections, replication",
        "Pack postgres: `PostgresDown`, `PostgresConnectionsHigh`, `PostgresReplicationLag`, `PostgresDeadlocks`",
        "Slow queries: the exporter does not time them by default. `PostgresLongTransaction` sees those that are very slow.",
    ),
    (
        "Redis",
        "Pack redis: `RedisDown`, `RedisMemoryHigh`, `RedisRejectedConnections`",
        "",
    ),
    (
        "Cassandra",
        "Pack cassandra: `CassandraNodeDown`, `CassandraLatencyHigh`, `CassandraCompactionBehind`",
        "",
    ),
    (
        "Kubernetes",
        "Pack kubernetes: `KubernetesNodeNotReady`, `KubernetesVolumeFilling`, `KubernetesPodCrashLooping`",
        "",
    ),
    (
        "Failed logins, brute force",
        "`AuthenticationRefused`, `BruteForceAttack`, `AuthenticationUnavailable`",
        "",
    ),
    (
        "Rate limits, missing rights",
        "`RateLimitViolations`, `UnauthorizedRequests`; over gRPC, `GrpcRateLimitViolations`, `UnauthorizedGrpcCalls`",
        "",
    ),
    (
        "Security events, suspicious activity",
        "A declared counter with `spike` or `rate_above`",
        "Nothing is shipped: what such an event is, only the service knows.",
    ),
    (
        "Encryption switched off",
        "A declared gauge with `value_below`",
        "Nothing is shipped: the library does not see what is stored.",
    ),
    (
        "Certificates that end",
        "`CertificateExpiringSoon`, `CertificateExpiryCritical`",
        "Those of other servers: that takes an exporter that connects to them.",
    ),
    (
        "Business: rates, failures, spikes, quality",
        "Declared metrics with `rate_below`, `share_above`, `spike`, `stopped`, `value_below`",
        "Nothing is shipped: what is usual, only the service's team knows.",
    ),
    (
        "Messages and queues",
        "`NoMessagesProcessed`, `MessagesFailing`, `MessagesSlow`, `QueueStale`, `QueueBacklog`",
        "",
    ),
    (
        "Compliance: a low score, gaps in the audit log",
        "Declared gauges with `value_below` and `age_above`",
        "Nothing is shipped: both are measures of the service.",
    ),
    (
        "Backups and other jobs",
        "`JobFailed`, `JobOverdue`, `JobLongOverdue`",
        "Programs that end before a scrape: they need a gateway that keeps what they say. A job that has not succeeded within the last seven days of its service: nothing says when it should have; `JobFailed` tells of runs that fail.",
    ),
    (
        "The monitoring itself",
        "`CatalogueDrift`, `SpansLost` and their siblings in telemetry; `RuleEvaluationFailing`, `NotificationsFailing`, `Watchdog` of the stack",
        "",
    ),
];
