//! Machines, by `node_exporter`.

use super::super::{Alert, Category, Input, Severity, Story};

pub(super) const NODE: Category = Category {
    name: "node",
    about: "Machines, by the metrics of `node_exporter`.",
    alerts: &[
        Alert {
            name: "NodeDown",
            severity: Severity::Critical,
            expr: "up{job=~\"node([-_]exporter)?\"} == 0",
            hold: "2m",
            supersedes: None,
            summary: "The machine {{ $labels.instance }} does not answer",
            means: "Either the machine is gone or its exporter is; what ran there most likely does not.",
            look: &[
                "The console of the machine",
                "Other alerts about services of that machine",
            ],
            act: &["Start it, or move what ran there"],
            story: |_| {
                let down = |series: &str| Story::of([Input::is(series, 1.0, 0.0)]);
                let other = down(r#"up{job="node-api",instance="a"}"#).silent();
                down(r#"up{job="node",instance="a"}"#).and("a service that is called alike", other)
            },
        },
        Alert {
            name: "NodeDiskFull",
            severity: Severity::Critical,
            expr: "node_filesystem_avail_bytes{fstype!~\"tmpfs|overlay|squashfs|ramfs\"}\n  / node_filesystem_size_bytes\n  < $node_disk_free_ratio_critical\n  and node_filesystem_readonly == 0",
            hold: "5m",
            supersedes: Some("NodeDiskFilling"),
            summary: "{{ $labels.mountpoint }} of {{ $labels.instance }} has {{ $value | humanizePercentage }} left",
            means: "Soon nothing can be written there any more.",
            look: DISK_LOOK,
            act: DISK_ACT,
            story: |scene| {
                let limit = scene.get("node_disk_free_ratio_critical");
                disk(limit * 1.2, limit * 0.8)
            },
        },
        Alert {
            name: "NodeDiskFilling",
            severity: Severity::Warning,
            expr: "(\n  node_filesystem_avail_bytes{fstype!~\"tmpfs|overlay|squashfs|ramfs\"} / node_filesystem_size_bytes < $node_disk_free_ratio\n  or (\n    predict_linear(node_filesystem_avail_bytes{fstype!~\"tmpfs|overlay|squashfs|ramfs\"}[6h], $node_disk_horizon_seconds) < 0\n    and node_filesystem_avail_bytes / node_filesystem_size_bytes < $node_disk_predicted_free_ratio\n  )\n)\nand node_filesystem_readonly == 0",
            hold: "15m",
            supersedes: None,
            summary: "{{ $labels.mountpoint }} of {{ $labels.instance }} is nearly full, or will be within a day",
            means: "What writes there will fail.",
            look: DISK_LOOK,
            act: DISK_ACT,
            story: |scene| {
                let limit = scene.get("node_disk_free_ratio");
                disk(limit * 1.2, limit * 0.8)
            },
        },
        Alert {
            name: "NodeCpuBusy",
            severity: Severity::Warning,
            expr: "1 - avg by (job, instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) > $node_cpu_ratio",
            hold: "10m",
            supersedes: None,
            summary: "The processors of {{ $labels.instance }} are busy {{ $value | humanizePercentage }} of the time",
            means: "Processes wait for each other.",
            look: &["`top` on the machine", "Which services run there"],
            act: &[
                "Move something elsewhere",
                "Give the machine more processors",
            ],
            story: |scene| {
                let idle = 1.0 - scene.get("node_cpu_ratio");
                Story::of([Input::per_second(
                    r#"node_cpu_seconds_total{job="node",instance="a",cpu="0",mode="idle"}"#,
                    idle * 1.2,
                    idle * 0.8,
                )])
            },
        },
        Alert {
            name: "NodeMemoryLow",
            severity: Severity::Warning,
            expr: "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < $node_memory_free_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left",
            means: "The kernel is about to kill something.",
            look: &[
                "`top` on the machine, by memory",
                "`dmesg`: whether it has killed something already",
            ],
            act: &[
                "Move something elsewhere",
                "Give what grows a limit of its own",
            ],
            story: |scene| {
                let limit = scene.get("node_memory_free_ratio") * 1e9;
                Story::of([
                    Input::is(
                        r#"node_memory_MemTotal_bytes{job="node",instance="a"}"#,
                        1e9,
                        1e9,
                    ),
                    Input::is(
                        r#"node_memory_MemAvailable_bytes{job="node",instance="a"}"#,
                        limit * 1.2,
                        limit * 0.8,
                    ),
                ])
            },
        },
        Alert {
            name: "NodeClockSkewed",
            severity: Severity::Warning,
            expr: "abs(node_timex_offset_seconds) > $node_clock_offset_seconds",
            hold: "10m",
            supersedes: None,
            summary: "The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}",
            means: "Traces of several machines do not fit together, and tokens are refused as too new or too old.",
            look: &["The time service of the machine"],
            act: &["Start it, or give it servers that answer"],
            story: |scene| {
                let limit = scene.get("node_clock_offset_seconds");
                Story::of([Input::is(
                    r#"node_timex_offset_seconds{job="node",instance="a"}"#,
                    limit * 0.8,
                    limit * 1.2,
                )])
            },
        },
    ],
};

const DISK_LOOK: &[&str] = &[
    "`du` on the machine: logs, images, backups, a database",
    "How fast it fills",
];

const DISK_ACT: &[&str] = &["Delete what can be made again", "Enlarge the file system"];

fn disk(calm: f64, bad: f64) -> Story {
    let labels = r#"{job="node",instance="a",device="sda1",fstype="ext4",mountpoint="/"}"#;
    let series = |name: &str| format!("node_filesystem_{name}{labels}");
    Story::of([
        Input::is(series("size_bytes"), 1e12, 1e12),
        Input::is(series("avail_bytes"), calm * 1e12, bad * 1e12),
        Input::is(series("readonly"), 0.0, 0.0),
    ])
    // The prediction looks back six hours, and has to forget.
    .lasting([60, 60, 8 * 60], 5)
}
