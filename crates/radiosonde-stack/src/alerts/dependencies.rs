//! What the service asks of others.

use radiosonde_catalog::HTTP_CLIENT_REQUEST_DURATION;

use super::{Alert, Category, Input, Severity, Story};

pub(super) const DEPENDENCIES: Category = Category {
    name: "dependencies",
    about: "What the service asks of others over HTTP.",
    alerts: &[
        Alert {
            name: "DependencyFailing",
            severity: Severity::Warning,
            expr: "job_server:http_client_errors:rate5m\n  / (job_server:http_client_requests:rate5m > $dependency_rate)\n  > $dependency_error_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the calls from {{ $labels.job }} to {{ $labels.server }} fail",
            means: "What the service gets from there it cannot give on.",
            look: &[
                "How they fail: `sum by (server, error_type) (rate(http_client_errors_total[5m]))`",
                "The other service, if it is ours: its own alerts say more",
            ],
            act: &[
                "Tell whoever runs the other side",
                "Answer without it, if the service can",
            ],
            story: |scene| {
                let rate = scene.get("dependency_rate") * 100.0;
                let limit = scene.get("dependency_error_ratio") * rate;
                Story::of([
                    Input::per_second(
                        r#"http_client_requests_total{method="GET",server="billing",status="200",outcome="ok"}"#,
                        rate,
                        rate,
                    ),
                    Input::per_second(
                        r#"http_client_errors_total{method="GET",server="billing",error_type="503"}"#,
                        limit * 0.8,
                        limit * 1.2,
                    ),
                ])
            },
        },
        Alert {
            name: "DependencySlow",
            severity: Severity::Warning,
            expr: "job_server:http_client_request_duration_seconds:p95 > $dependency_seconds\n  and job_server:http_client_requests:rate5m > $dependency_rate",
            hold: "10m",
            supersedes: None,
            summary: "One call in twenty from {{ $labels.job }} to {{ $labels.server }} takes longer than {{ $value | humanizeDuration }}",
            means: "The service waits, and so do its users.",
            look: &[
                "Traces of slow requests: where the time goes",
                "The other service, if it is ours: its own latency",
            ],
            act: &[
                "Shorten the timeout of the client, so that waiting does not pile up",
                "Tell whoever runs the other side",
            ],
            story: |scene| {
                let rate = scene.get("dependency_rate") * 100.0;
                let labels = r#"method="GET",server="billing",status="200","#;
                let requests = Input::per_second(
                    r#"http_client_requests_total{method="GET",server="billing",status="200",outcome="ok"}"#,
                    rate,
                    rate,
                );
                let histogram = &HTTP_CLIENT_REQUEST_DURATION;
                let durations = scene.slow(histogram, labels, "dependency_seconds", rate, 0.05);
                Story::of(durations.into_iter().chain([requests]))
            },
        },
    ],
};
