//! Requests that take too long.

use radiosonde_catalog::HTTP_REQUEST_DURATION;

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const LATENCY: Category = Category {
    name: "latency",
    about: "Requests that take too long.",
    alerts: &[
        Alert {
            name: "CriticalLatency",
            severity: Severity::Critical,
            expr: "job:http_request_duration_seconds:p99 > $latency_p99_seconds\n  and job:http_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: Some("HighLatency"),
            summary: "One request in a hundred to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}",
            means: "Clients give up, and try again: the load grows with the trouble.",
            look: LOOK,
            act: ACT,
            story: |scene| slow(scene, "latency_p99_seconds", 0.01),
        },
        Alert {
            name: "HighLatency",
            severity: Severity::Warning,
            expr: "job:http_request_duration_seconds:p95 > $latency_p95_seconds\n  and job:http_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: None,
            summary: "One request in twenty to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}",
            means: "Users wait.",
            look: LOOK,
            act: ACT,
            story: |scene| slow(scene, "latency_p95_seconds", 0.05),
        },
    ],
};

const LOOK: &[&str] = &[
    "Which routes are slow: `job_route:http_request_duration_seconds:p95`",
    "An exemplar of the slow buckets: it leads to the trace of such a request",
    "Processor, memory and the pools of connections: what everybody waits for",
    "The outgoing requests: `http_client_request_duration_seconds`",
];

const ACT: &[&str] = &[
    "Roll back if it began with a deployment",
    "Add instances if the processor is busy; relieve the dependency if it is slow",
];

/// A little less than a share of the requests is slower than the threshold, then more.
fn slow(scene: &Scene<'_>, threshold: &str, share: f64) -> Story {
    let rate = scene.get("request_rate") * 100.0;
    let labels = r#"method="GET",route="/orders/{id}",status="200","#;
    let durations = scene.slow(&HTTP_REQUEST_DURATION, labels, threshold, rate, share);
    let requests = Input::per_second(
        r#"http_requests_total{method="GET",route="/orders/{id}",status="200",outcome="ok"}"#,
        rate,
        rate,
    );
    Story::of(durations.into_iter().chain([requests]))
}
