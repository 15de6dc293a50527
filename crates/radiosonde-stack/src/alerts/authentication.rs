//! Who comes in, and who tries to.

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const AUTHENTICATION: Category = Category {
    name: "authentication",
    about: "Who comes in, and who tries to.",
    alerts: &[
        Alert {
            name: "BruteForceAttack",
            severity: Severity::Critical,
            expr: "sum by (job, method) (rate(authentication_attempts_total{outcome=\"refused\"}[5m])) > $authentication_refused_rate",
            hold: "5m",
            supersedes: Some("AuthenticationRefused"),
            summary: "{{ $value | humanize }} logins per second by {{ $labels.method }} are refused in {{ $labels.job }}",
            means: "Somebody tries passwords, many of them.",
            look: &[
                "The log: one address, one account, or many?",
                "Attempts that succeeded among them",
            ],
            act: &[
                "Block the addresses",
                "Lock the accounts that were tried, and tell their owners",
            ],
            story: |scene| {
                let limit = scene.get("authentication_refused_rate");
                Story::of([Input::per_second(
                    r#"authentication_attempts_total{method="password",outcome="refused"}"#,
                    limit * 0.9,
                    limit * 1.1,
                )])
            },
        },
        Alert {
            name: "AuthenticationUnavailable",
            severity: Severity::Critical,
            expr: "sum by (job, method) (rate(authentication_attempts_total{outcome=\"error\"}[5m]))\n  / (sum by (job, method) (rate(authentication_attempts_total[5m])) > $authentication_rate)\n  > $authentication_error_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the logins by {{ $labels.method }} cannot be checked in {{ $labels.job }}",
            means: "Users with the right password cannot come in.",
            look: &["Whatever checks them: the directory, the identity provider, the database"],
            act: &["Mend it, or let users come in by another method"],
            story: |scene| attempts(scene, "error", "authentication_error_ratio"),
        },
        Alert {
            name: "AuthenticationRefused",
            severity: Severity::Warning,
            expr: "sum by (job, method) (rate(authentication_attempts_total{outcome=\"refused\"}[10m]))\n  / (sum by (job, method) (rate(authentication_attempts_total[10m])) > $authentication_rate)\n  > $authentication_refused_ratio",
            hold: "10m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the logins by {{ $labels.method }} are refused in {{ $labels.job }}",
            means: "Either somebody tries passwords, or a client has an old one.",
            look: &[
                "The log: one address, one account, or many?",
                "Whether a secret was changed lately",
            ],
            act: &["Block the address, or give the client the new secret"],
            story: |scene| attempts(scene, "refused", "authentication_refused_ratio"),
        },
        Alert {
            name: "UnauthorizedRequests",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(http_requests_total{status=~\"401|403\"}[5m]))\n  / (job:http_requests:rate5m > $request_rate)\n  > $unauthorized_ratio",
            hold: "15m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} lack the right to what they ask for",
            means: "A client lost its rights, or somebody probes what there is.",
            look: &[
                "Which routes, and by whom",
                "Whether keys or roles were changed lately",
            ],
            act: &["Give the client its rights back, or block it"],
            story: |scene| answered(scene, "401", "unauthorized_ratio"),
        },
        Alert {
            name: "RateLimitViolations",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(http_requests_total{status=\"429\"}[5m]))\n  / (job:http_requests:rate5m > $request_rate)\n  > $rate_limited_ratio",
            hold: "15m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} are one too many",
            means: "A client asks in a loop, or the limit is too low for what clients do.",
            look: &["Which routes, and by whom"],
            act: &["Talk to the client", "Raise the limit"],
            story: |scene| answered(scene, "429", "rate_limited_ratio"),
        },
    ],
};

/// A share of the attempts ends like this.
fn attempts(scene: &Scene<'_>, outcome: &str, threshold: &str) -> Story {
    // Fewer than what would be an attack.
    let rate = scene.get("authentication_rate") * 10.0;
    let limit = scene.get(threshold) * rate;
    let (below, above) = (limit * 0.8, limit * 1.2);
    let series = |outcome| {
        format!(r#"authentication_attempts_total{{method="password",outcome="{outcome}"}}"#)
    };
    Story::of([
        Input::per_second(series("ok"), rate - below, rate - above),
        Input::per_second(series(outcome), below, above),
    ])
}

/// A share of the requests is answered with a status.
fn answered(scene: &Scene<'_>, status: &str, threshold: &str) -> Story {
    let rate = scene.get("request_rate") * 100.0;
    let limit = scene.get(threshold) * rate;
    let (below, above) = (limit * 0.8, limit * 1.2);
    let series = |status| {
        format!(
            r#"http_requests_total{{method="GET",route="/orders/{{id}}",status="{status}",outcome="ok"}}"#
        )
    };
    Story::of([
        Input::per_second(series("200"), rate - below, rate - above),
        Input::per_second(series(status), below, above),
    ])
}
