//! What the process has, and what it uses of it.

use radiosonde_catalog::TOKIO_SCHEDULING_DELAY;

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const RESOURCES: Category = Category {
    name: "resources",
    about: "Processor, memory and files beside their limits, and the runtime.",
    alerts: &[
        Alert {
            name: "CriticalMemoryUsage",
            severity: Severity::Critical,
            expr: "instance:process_memory:ratio > $memory_ratio_critical",
            hold: "2m",
            supersedes: Some("HighMemoryUsage"),
            summary: "{{ $labels.instance }} of {{ $labels.job }} uses {{ $value | humanizePercentage }} of its memory",
            means: "The kernel is about to kill the process, and with it every request in flight.",
            look: MEMORY_LOOK,
            act: MEMORY_ACT,
            story: |scene| memory(scene, "memory_ratio_critical"),
        },
        Alert {
            name: "HighMemoryUsage",
            severity: Severity::Warning,
            expr: "instance:process_memory:ratio > $memory_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} uses {{ $value | humanizePercentage }} of its memory",
            means: "At the limit the kernel kills the process.",
            look: MEMORY_LOOK,
            act: MEMORY_ACT,
            story: |scene| memory(scene, "memory_ratio"),
        },
        Alert {
            name: "CriticalCpuUsage",
            severity: Severity::Critical,
            expr: "instance:process_cpu:ratio > $cpu_ratio_critical",
            hold: "10m",
            supersedes: Some("HighCpuUsage"),
            summary: "{{ $labels.instance }} of {{ $labels.job }} uses {{ $value | humanizePercentage }} of its processor time",
            means: "There is no time left. Requests wait for each other, and latency grows without bound.",
            look: CPU_LOOK,
            act: CPU_ACT,
            story: |scene| cpu(scene, "cpu_ratio_critical"),
        },
        Alert {
            name: "HighCpuUsage",
            severity: Severity::Warning,
            expr: "instance:process_cpu:ratio > $cpu_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} uses {{ $value | humanizePercentage }} of its processor time",
            means: "The next burst of requests finds no time left.",
            look: CPU_LOOK,
            act: CPU_ACT,
            story: |scene| cpu(scene, "cpu_ratio"),
        },
        Alert {
            name: "CpuThrottled",
            severity: Severity::Warning,
            expr: "rate(process_cgroup_cpu_throttled_periods_total[5m])\n  / (rate(process_cgroup_cpu_periods_total[5m]) > 0)\n  > $throttled_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} is stopped in {{ $value | humanizePercentage }} of its periods",
            means: "The quota is used up before its period ends, and everything stands still until the next. It shows as \
                    latency, while the average use of the processor looks harmless.",
            look: &[
                "`process_cgroup_cpu_throttled_seconds_total`",
                "The number of worker threads beside the quota",
            ],
            act: &[
                "Raise the quota, or take it away",
                "Run no more worker threads than the quota has cores",
            ],
            story: |scene| {
                let limit = scene.get("throttled_ratio") * 10.0;
                Story::of([
                    Input::per_second(
                        r#"process_cgroup_cpu_periods_total{instance="a"}"#,
                        10.0,
                        10.0,
                    ),
                    Input::per_second(
                        r#"process_cgroup_cpu_throttled_periods_total{instance="a"}"#,
                        limit * 0.8,
                        limit * 1.2,
                    ),
                ])
            },
        },
        Alert {
            name: "OpenFilesNearLimit",
            severity: Severity::Warning,
            expr: "instance:process_open_fds:ratio > $open_files_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} has {{ $value | humanizePercentage }} of its file descriptors open",
            means: "At the limit no connection can be accepted or made, and no file opened.",
            look: &[
                "`http_open_connections`: idle connections of clients",
                "Pools and files that are opened and never closed",
            ],
            act: &[
                "Raise the limit (`ulimit -n`)",
                "Mend the leak if the number only grows",
            ],
            story: |scene| {
                let limit = scene.get("open_files_ratio") * 1024.0;
                Story::of([
                    Input::is(r#"process_max_fds{instance="a"}"#, 1024.0, 1024.0),
                    Input::is(
                        r#"process_open_fds{instance="a"}"#,
                        limit * 0.9,
                        limit * 1.1,
                    ),
                ])
            },
        },
        Alert {
            name: "WorkersBlocked",
            severity: Severity::Warning,
            expr: "histogram_quantile(\n  0.99,\n  sum by (job, instance, runtime, le) (rate(tokio_scheduling_delay_seconds_bucket[5m]))\n) > $scheduling_delay_seconds",
            hold: "5m",
            supersedes: None,
            summary: "Tasks of {{ $labels.instance }} of {{ $labels.job }} are late by {{ $value | humanizeDuration }}",
            means: "Tasks that do not yield hold the worker threads. Everything else waits: requests, timeouts, health checks.",
            look: &[
                "Long computations, file access and locks in `async` code",
                "`tokio_busy_ratio`, and the use of the processor",
            ],
            act: &[
                "Move what blocks to `spawn_blocking`",
                "Add worker threads if the work is honest",
            ],
            story: |scene| {
                let histogram = &TOKIO_SCHEDULING_DELAY;
                let labels = r#"instance="a",runtime="main","#;
                Story::of(scene.slow(histogram, labels, "scheduling_delay_seconds", 10.0, 0.01))
            },
        },
        Alert {
            name: "RuntimeBusy",
            severity: Severity::Warning,
            expr: "tokio_busy_ratio > $runtime_busy_ratio",
            hold: "10m",
            supersedes: None,
            summary: "The workers of {{ $labels.instance }} of {{ $labels.job }} are busy {{ $value | humanizePercentage }} of the time",
            means: "Tasks that are ready wait for a worker.",
            look: &["The use of the processor: if it is low, tasks block their worker"],
            act: &[
                "Add worker threads or instances",
                "Move what blocks to `spawn_blocking`",
            ],
            story: |scene| {
                let limit = scene.get("runtime_busy_ratio");
                Story::of([Input::is(
                    r#"tokio_busy_ratio{instance="a",runtime="main"}"#,
                    limit * 0.9,
                    limit * 1.05,
                )])
            },
        },
    ],
};

const MEMORY_LOOK: &[&str] = &[
    "`process_resident_memory_bytes` over the last days: does it only grow?",
    "`radiosonde_series`, the sizes of caches and queues, `http_active_connections`",
];

const MEMORY_ACT: &[&str] = &[
    "Raise the limit, if the load has grown",
    "Restart the instances one by one to win time, if it leaks",
];

const CPU_LOOK: &[&str] = &[
    "The rate of requests, by route",
    "A profile of a busy instance",
];

const CPU_ACT: &[&str] = &["Add instances", "Raise the limit"];

fn memory(scene: &Scene<'_>, threshold: &str) -> Story {
    let limit = 1e9 * scene.get(threshold);
    Story::of([
        Input::is(
            r#"process_cgroup_memory_limit_bytes{instance="a"}"#,
            1e9,
            1e9,
        ),
        Input::is(
            r#"process_resident_memory_bytes{instance="a"}"#,
            limit * 0.95,
            limit * 1.02,
        ),
    ])
}

fn cpu(scene: &Scene<'_>, threshold: &str) -> Story {
    let limit = 2.0 * scene.get(threshold);
    Story::of([
        Input::is(r#"process_cgroup_cpu_limit_cores{instance="a"}"#, 2.0, 2.0),
        Input::per_second(
            r#"process_cpu_seconds_total{instance="a"}"#,
            limit * 0.9,
            limit * 1.02,
        ),
    ])
}
