//! What the health checks of the service say.

use super::{Alert, Category, Input, Severity, Story};

pub(super) const HEALTH: Category = Category {
    name: "health",
    about: "What the health checks of the service say.",
    alerts: &[
        Alert {
            name: "ServiceUnhealthy",
            severity: Severity::Critical,
            expr: "min by (job, check) (health_check_status) < 0.5",
            hold: "2m",
            supersedes: Some("ServiceDegraded"),
            summary: "The check {{ $labels.check }} of {{ $labels.job }} fails",
            means: "A dependency that the service cannot do without does not answer. Readiness is red, so the orchestrator \
                    sends no requests to the instance.",
            look: &[
                "`/health` of an instance: with the admin token it shows the error of the check",
                "The dependency itself, and whether other services miss it, too",
            ],
            act: &[
                "Mend the dependency; the service turns green by itself",
                "If the service can do without it, declare the check optional",
            ],
            story: |_| {
                Story::of([Input::is(
                    r#"health_check_status{check="database"}"#,
                    1.0,
                    0.0,
                )])
            },
        },
        Alert {
            name: "ServiceDegraded",
            severity: Severity::Warning,
            expr: "min by (job, check) (health_check_status) < 1",
            hold: "15m",
            supersedes: None,
            summary: "The check {{ $labels.check }} of {{ $labels.job }} has failed for a quarter of an hour",
            means: "Something optional is missing. The service answers, with less than it should.",
            look: &[
                "`/health` of an instance",
                "The dependency that the check is named after",
            ],
            act: &["Mend the dependency"],
            story: |_| Story::of([Input::is(r#"health_check_status{check="cache"}"#, 1.0, 0.5)]),
        },
        Alert {
            name: "HealthCheckFlapping",
            severity: Severity::Warning,
            expr: "max by (job, check) (increase(health_check_transitions_total[30m])) > $health_transitions",
            hold: "0s",
            supersedes: None,
            summary: "The check {{ $labels.check }} of {{ $labels.job }} fails and passes in turn",
            means: "A dependency is on the edge: overloaded, or behind a network that loses packets. Readiness goes up and \
                    down with it, and so does the load of the other instances.",
            look: &[
                "The durations of the check beside its timeout",
                "Latency and saturation of the dependency",
            ],
            act: &[
                "Relieve the dependency",
                "Raise the timeout of the check if the dependency is slow by nature",
            ],
            story: |scene| {
                let limit = scene.get("health_transitions") / (30.0 * 60.0);
                Story::of([Input::per_second(
                    r#"health_check_transitions_total{check="database"}"#,
                    limit * 0.8,
                    limit * 1.5,
                )])
            },
        },
    ],
};
