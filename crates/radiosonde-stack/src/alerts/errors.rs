//! Requests that fail on our side.

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const ERRORS: Category = Category {
    name: "errors",
    about: "Requests that fail on the side of the service.",
    alerts: &[
        Alert {
            name: "CriticalErrorRatio",
            severity: Severity::Critical,
            expr: "job:http_error_ratio:rate5m > $error_ratio_critical\n  and job:http_requests:rate5m > $request_rate",
            hold: "2m",
            supersedes: Some("HighErrorRatio"),
            summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail",
            means: "Users see errors, many of them.",
            look: LOOK,
            act: ACT,
            story: |scene| failing(scene, "error_ratio_critical", 1.0),
        },
        Alert {
            name: "HighErrorRatio",
            severity: Severity::Warning,
            expr: "job:http_error_ratio:rate5m > $error_ratio\n  and job:http_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail",
            means: "Users see errors more often than now and then.",
            look: LOOK,
            act: ACT,
            story: |scene| failing(scene, "error_ratio", 1.0),
        },
        Alert {
            name: "RouteFailing",
            severity: Severity::Warning,
            expr: "job_route:http_error_ratio:rate5m > $route_error_ratio\n  and job_route:http_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.route }} of {{ $labels.job }} fail",
            means: "One route fails, while all routes together may look well.",
            look: LOOK,
            act: ACT,
            // Another route carries nine tenths of the requests, and is well.
            story: |scene| failing(scene, "route_error_ratio", 10.0),
        },
        Alert {
            name: "HandlerPanics",
            severity: Severity::Warning,
            // A series that is born above 0 has no increase yet. One that Prometheus is new to is not born.
            expr: "sum by (job, route) (increase(http_errors_total{error_type=\"panic\"}[10m])) > 0\n  or sum by (job, route) (\n    http_errors_total{error_type=\"panic\"} unless http_errors_total{error_type=\"panic\"} offset 10m and on (job) up offset 10m\n  ) > 0",
            hold: "0s",
            supersedes: None,
            summary: "A handler of {{ $labels.route }} of {{ $labels.job }} panics",
            means: "The request that met it got nothing. A panic is a mistake in the code, never a fault of the caller.",
            look: &[
                "The error report or the log line of the panic: it has the place in the code and the trace",
            ],
            act: &["Mend the code; until then, roll back if it is new"],
            story: |_| {
                let series =
                    r#"http_errors_total{method="GET",route="/orders/{id}",error_type="panic"}"#;
                Story::of([Input::per_second(series, 0.0, 0.05)]).and_born(series)
            },
        },
        Alert {
            name: "BackgroundPanics",
            severity: Severity::Warning,
            expr: "sum by (job) (increase(panics_total[10m])) > 0\n  unless on (job) (\n    increase(http_errors_total{error_type=\"panic\"}[10m]) > 0\n    or (http_errors_total{error_type=\"panic\"} unless http_errors_total{error_type=\"panic\"} offset 10m)\n    or increase(rpc_errors_total{error_type=\"panic\"}[10m]) > 0\n    or (rpc_errors_total{error_type=\"panic\"} unless rpc_errors_total{error_type=\"panic\"} offset 10m)\n  )",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.job }} panics, and no request is recorded as ended by it",
            means: "In ten minutes there were panics, and neither a request nor a call of gRPC that one of them is known to have \
                    ended. Usually a task or a thread ended in the middle of its work: nobody waits for it, so nobody notices \
                    what is no longer done. It may be a request as well, if the service catches its panics and answers by \
                    itself, such as with a 500. While a handler panics, this alert is silent, whatever else does. A panic is a \
                    mistake in the code.",
            look: &[
                "The error report or the log line of the panic: it has the place in the code and the thread",
                "What runs in the background: consumers, schedules, caches that are filled",
            ],
            act: &[
                "Restart the instance, if what ended is not started again by itself",
                "Mend the code; until then, roll back if it is new",
            ],
            // A request that panics is told by another alert.
            story: |_| {
                let request = r#"http_errors_total{instance="a",method="GET",route="/orders/{id}",error_type="panic"}"#;
                Story::of([
                    Input::per_second(r#"panics_total{instance="a"}"#, 0.05, 0.05),
                    Input::per_second(request, 0.05, 0.0),
                ])
            },
        },
    ],
};

const LOOK: &[&str] = &[
    "Which routes fail, and how: `sum by (route, error_type) (rate(http_errors_total[5m]))`",
    "The error reports or the log of the last minutes, and a trace of a failed request",
    "The health checks and the outgoing requests: the cause is often behind the service",
    "When the last deployment was: `build_info`",
];

const ACT: &[&str] = &[
    "Roll back if it began with a deployment",
    "Mend or take out the dependency that fails",
];

/// A route fails a little less often than the threshold, then a little more often. Others have `share` times the requests
/// in all.
fn failing(scene: &Scene<'_>, threshold: &str, share: f64) -> Story {
    let rate = scene.get("request_rate") * 100.0;
    let limit = scene.get(threshold) * rate;
    let (below, above) = (limit * 0.8, (limit * 1.2).min(rate));
    let others = rate * (share - 1.0);
    Story::of([
        Input::per_second(
            r#"http_requests_total{method="GET",route="/orders/{id}",status="200",outcome="ok"}"#,
            rate - below,
            rate - above,
        ),
        Input::per_second(
            r#"http_requests_total{method="GET",route="/orders/{id}",status="500",outcome="error"}"#,
            below,
            above,
        ),
        Input::per_second(
            r#"http_errors_total{method="GET",route="/orders/{id}",error_type="500"}"#,
            below,
            above,
        ),
        Input::per_second(
            r#"http_requests_total{method="GET",route="/others",status="200",outcome="ok"}"#,
            others,
            others,
        ),
    ])
}
