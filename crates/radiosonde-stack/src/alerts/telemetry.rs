//! What is lost of what the service says, and whether these files fit it.

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const TELEMETRY: Category = Category {
    name: "telemetry",
    about: "What is lost of what the service says, and whether these files fit it.",
    alerts: &[
        Alert {
            name: "CatalogueDrift",
            severity: Severity::Warning,
            expr: "count by (job, catalog_hash) (build_info{catalog_hash!=\"$catalogue\"})",
            hold: "30m",
            supersedes: None,
            summary: "{{ $labels.job }} has the catalogue {{ $labels.catalog_hash }}, and these rules were made from another",
            means: "The service that runs was built from other metrics or objectives than these rules and dashboards. Some \
                    of them may watch what is no longer there.",
            look: &[
                "Services that serve by themselves and do not call `Registry::settle`: each metric that they declare late is another catalogue",
                "`build_info`: which version runs where",
                "`radiosonde stack diff` against the running service",
            ],
            act: &[
                "Run `radiosonde stack` and deploy the tree",
                "Finish the deployment of the service, if it hangs half-way",
                "Let the service declare its metrics before it serves",
            ],
            story: |_| {
                Story::of([
                    Input::vanishes(r#"build_info{instance="a",catalog_hash="$catalogue"}"#),
                    Input::appears(r#"build_info{instance="a",catalog_hash="another"}"#),
                ])
            },
        },
        Alert {
            name: "SpansLost",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(radiosonde_spans_failed_total[5m]) + rate(radiosonde_spans_dropped_total[5m]))\n  / (sum by (job) (rate(radiosonde_spans_ended_total[5m])) > 0)\n  > $lost_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.job }} loses {{ $value | humanizePercentage }} of its spans",
            means: "Traces have holes. Metrics and logs are not concerned.",
            look: LOOK,
            act: ACT,
            story: |scene| losing(scene, "radiosonde_spans", "ended"),
        },
        Alert {
            name: "MetricPointsLost",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(radiosonde_metric_points_failed_total[5m]) + rate(radiosonde_metric_points_dropped_total[5m]))\n  / (sum by (job) (rate(radiosonde_metric_points_collected_total[5m])) > 0)\n  > $lost_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.job }} loses {{ $value | humanizePercentage }} of the metric points that it sends",
            means: "Whatever receives metrics over OTLP has holes. What is scraped is not concerned.",
            look: LOOK,
            act: ACT,
            story: |scene| losing(scene, "radiosonde_metric_points", "collected"),
        },
        Alert {
            name: "ErrorEventsLost",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(radiosonde_error_events_failed_total[5m]) + rate(radiosonde_error_events_dropped_total[5m]))\n  / (sum by (job) (rate(radiosonde_error_events_captured_total[5m])) > 0)\n  > $lost_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.job }} loses {{ $value | humanizePercentage }} of its error reports",
            means: "Errors happen that nobody reads of.",
            look: LOOK,
            act: &[
                "Raise the quota at Sentry, or mend the way there",
                "Mend the error that uses it up",
            ],
            story: |scene| losing(scene, "radiosonde_error_events", "captured"),
        },
        Alert {
            name: "LogRecordsLost",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(radiosonde_log_records_failed_total[5m]) + rate(radiosonde_log_records_dropped_total[5m]))\n  / (sum by (job) (rate(radiosonde_log_records_ended_total[5m])) > 0)\n  > $lost_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.job }} loses {{ $value | humanizePercentage }} of the log records that it sends",
            means: "Whatever receives logs over OTLP has holes. The lines on standard output are not concerned.",
            look: LOOK,
            act: &[
                "Mend the collector, or the way there",
                "Raise the level of the log filter, if it is simply too much",
            ],
            story: |scene| losing(scene, "radiosonde_log_records", "ended"),
        },
        Alert {
            name: "LogLinesLost",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(radiosonde_log_lines_lost_total[5m]))\n  / (sum by (job) (rate(radiosonde_log_lines_total[5m])) > 0)\n  > $lost_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $labels.job }} loses {{ $value | humanizePercentage }} of its log lines",
            means: "Whatever reads standard output does not keep up, and the service does not wait for it.",
            look: &[
                "Whatever reads standard output",
                "`radiosonde_log_lines_total`: is there a level too many?",
            ],
            act: &[
                "Raise the level of the log filter",
                "Give the reader more processor time",
            ],
            story: |scene| {
                let limit = scene.get("lost_ratio") * 100.0;
                Story::of([
                    Input::per_second("radiosonde_log_lines_total", 100.0, 100.0),
                    Input::per_second("radiosonde_log_lines_lost_total", limit * 0.8, limit * 1.2),
                ])
            },
        },
        Alert {
            name: "MetricOverflow",
            severity: Severity::Warning,
            expr: "sum by (job) (increase(radiosonde_metrics_overflowed_total[15m])) > 0",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.job }} has more series than its budget, and folds {{ $value | humanize }} sets of labels into one",
            means: "Totals stay right; what is folded can no longer be told apart. A label takes values without end.",
            look: &[
                "Which metric: `count by (__name__) ({otel_metric_overflow=\"true\"})`",
                "The newest metric or label",
            ],
            act: &[
                "Take the values out of the label",
                "Raise the budget, if they are really few",
            ],
            story: |_| {
                Story::of([Input::per_second(
                    "radiosonde_metrics_overflowed_total",
                    0.0,
                    0.1,
                )])
            },
        },
        Alert {
            name: "MetricsRefused",
            severity: Severity::Info,
            expr: "sum by (job, reason) (increase(radiosonde_metrics_refused_total[15m])) > 0",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.job }} records something that no metric can be: {{ $labels.reason }}",
            means: "The value appears nowhere. It is a mistake in the code that records it.",
            look: &["The log: the first refusal of each kind is told"],
            act: &["Mend the name, the labels or the value"],
            story: |_| {
                Story::of([Input::per_second(
                    r#"radiosonde_metrics_refused_total{reason="label"}"#,
                    0.0,
                    0.1,
                )])
            },
        },
    ],
};

const LOOK: &[&str] = &[
    "Failed or dropped: failed was refused by the receiver or came too late, dropped was never offered because the queue was full",
    "The collector: does it answer, does it refuse?",
];

const ACT: &[&str] = &[
    "Mend the collector, or the way there",
    "Sample fewer requests, if it is simply too much",
];

/// A share of what a pipeline takes is lost, a little less and a little more than may be.
fn losing(scene: &Scene<'_>, pipeline: &str, taken: &str) -> Story {
    let limit = scene.get("lost_ratio") * 100.0;
    Story::of([
        Input::per_second(format!("{pipeline}_{taken}_total"), 100.0, 100.0),
        Input::per_second(format!("{pipeline}_failed_total"), limit * 0.4, limit * 0.6),
        Input::per_second(
            format!("{pipeline}_dropped_total"),
            limit * 0.4,
            limit * 0.6,
        ),
    ])
}
