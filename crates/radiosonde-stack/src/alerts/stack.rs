//! Whether the stack itself works.

use super::{Alert, Category, Input, Severity, Story};

/// What is watched of Prometheus and Alertmanager, once for all services.
pub(crate) const STACK: Category = Category {
    name: "stack",
    about: "Whether Prometheus and Alertmanager themselves work.",
    alerts: &[
        Alert {
            name: WATCHDOG,
            severity: Severity::Info,
            expr: "vector(1)",
            hold: "0s",
            supersedes: None,
            summary: "Alerts reach their receiver",
            means: "It always fires, and is sent to a dead-man switch again and again. When that stops to hear from it, \
                    nothing would tell of anything else.",
            look: &[
                "Prometheus, Alertmanager, and the way from one to the other and to the switch",
            ],
            act: &["Start what does not run"],
            story: |_| Story::of([]).always(),
        },
        Alert {
            name: "NotificationsFailing",
            severity: Severity::Critical,
            expr: "sum by (job, integration) (rate(alertmanager_notifications_failed_total[5m])) > 0",
            hold: "5m",
            supersedes: None,
            summary: "Alertmanager cannot send by {{ $labels.integration }}",
            means: "Alerts fire, and those who wait for them by this way hear nothing.",
            look: &["The log of Alertmanager: the answer of the other side"],
            act: &["Renew the secret", "Send another way meanwhile"],
            story: |_| {
                Story::of([Input::per_second(
                    r#"alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}"#,
                    0.0,
                    0.1,
                )])
            },
        },
        Alert {
            name: "NotificationsDropped",
            severity: Severity::Critical,
            expr: "sum by (job) (rate(prometheus_notifications_dropped_total[5m])) > 0",
            hold: "5m",
            supersedes: None,
            summary: "Prometheus cannot hand its alerts to Alertmanager",
            means: "Alerts fire, and nobody is told.",
            look: &["Whether Alertmanager runs, and where Prometheus looks for it"],
            act: &["Start Alertmanager"],
            story: |_| {
                Story::of([Input::per_second(
                    r#"prometheus_notifications_dropped_total{job="prometheus"}"#,
                    0.0,
                    0.1,
                )])
            },
        },
        Alert {
            name: "RuleEvaluationFailing",
            severity: Severity::Warning,
            expr: "sum by (job, rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
            hold: "10m",
            supersedes: None,
            summary: "Prometheus cannot evaluate {{ $labels.rule_group }}",
            means: "An alert that cannot be evaluated cannot fire.",
            look: &["The rules page of Prometheus: it shows the error"],
            act: &["Generate the tree anew, and load it"],
            story: |_| {
                Story::of([Input::per_second(
                    r#"prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="checkout"}"#,
                    0.0,
                    0.1,
                )])
            },
        },
        Alert {
            name: "RuleEvaluationSlow",
            severity: Severity::Warning,
            expr: "prometheus_rule_group_last_duration_seconds > $rule_evaluation_ratio * prometheus_rule_group_interval_seconds",
            hold: "10m",
            supersedes: None,
            summary: "Prometheus takes {{ $value | humanizeDuration }} for {{ $labels.rule_group }}, much of its interval",
            means: "When it takes the whole interval, evaluations are left out, and alerts come late.",
            look: &[
                "`radiosonde_series` of the services: too many series?",
                "The processor and the disk of Prometheus",
            ],
            act: &[
                "Give Prometheus more of what it lacks",
                "Take labels out of metrics",
            ],
            story: |scene| {
                let limit = scene.get("rule_evaluation_ratio") * 30.0;
                Story::of([
                    Input::is(
                        r#"prometheus_rule_group_interval_seconds{rule_group="checkout"}"#,
                        30.0,
                        30.0,
                    ),
                    Input::is(
                        r#"prometheus_rule_group_last_duration_seconds{rule_group="checkout"}"#,
                        limit * 0.9,
                        limit * 1.1,
                    ),
                ])
            },
        },
        Alert {
            name: "ConfigurationRefused",
            severity: Severity::Warning,
            expr: "prometheus_config_last_reload_successful == 0\n  or alertmanager_config_last_reload_successful == 0",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.job }} refused its new configuration and runs with the old one",
            means: "The last change is not in force. After a restart it will not start at all.",
            look: &[
                "Its log: it says which line",
                "`promtool check config`, `amtool check-config`",
            ],
            act: &["Mend the configuration, or generate it anew"],
            story: |_| {
                let refused = |series: &str| Story::of([Input::is(series, 1.0, 0.0)]);
                let alertmanager =
                    refused(r#"alertmanager_config_last_reload_successful{job="alertmanager"}"#);
                refused(r#"prometheus_config_last_reload_successful{job="prometheus"}"#)
                    .and("of Alertmanager", alertmanager)
            },
        },
    ],
};

/// The alert that always fires.
pub(crate) const WATCHDOG: &str = "Watchdog";
