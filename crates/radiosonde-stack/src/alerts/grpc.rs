//! Calls of gRPC: those that the service answers, and those that it makes.
//!
//! A call is a request, so what is too many errors and too slow is what it is of requests. They are apart because their
//! metrics are: nearly every call is answered 200 to HTTP, whatever became of it.

use radiosonde_catalog::{Metric, RPC_CLIENT_REQUEST_DURATION, RPC_REQUEST_DURATION};

use super::load::{drops, in_flight};
use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const GRPC: Category = Category {
    name: "grpc",
    about: "Calls of gRPC, those that the service answers and those that it makes.",
    alerts: &[
        Alert {
            name: "CriticalGrpcErrorRatio",
            severity: Severity::Critical,
            expr: "job:rpc_error_ratio:rate5m > $error_ratio_critical\n  and job:rpc_requests:rate5m > $request_rate",
            hold: "2m",
            supersedes: Some("HighGrpcErrorRatio"),
            summary: "{{ $value | humanizePercentage }} of the gRPC calls to {{ $labels.job }} fail",
            means: "Callers see errors, many of them.",
            look: ERROR_LOOK,
            act: ACT,
            story: |scene| failing(scene, "error_ratio_critical", 1.0),
        },
        Alert {
            name: "CriticalGrpcLatency",
            severity: Severity::Critical,
            expr: "job:rpc_request_duration_seconds:p99 > $latency_p99_seconds\n  and job:rpc_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: Some("HighGrpcLatency"),
            summary: "One gRPC call in a hundred to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}",
            means: "Callers give up at their deadlines, and try again: the load grows with the trouble.",
            look: LATENCY_LOOK,
            act: ACT,
            story: |scene| slow(scene, "latency_p99_seconds", 0.01),
        },
        Alert {
            name: "HighGrpcErrorRatio",
            severity: Severity::Warning,
            expr: "job:rpc_error_ratio:rate5m > $error_ratio\n  and job:rpc_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the gRPC calls to {{ $labels.job }} fail",
            means: "Callers see errors more often than now and then.",
            look: ERROR_LOOK,
            act: ACT,
            story: |scene| failing(scene, "error_ratio", 1.0),
        },
        Alert {
            name: "GrpcMethodFailing",
            severity: Severity::Warning,
            expr: "job_rpc_method:rpc_error_ratio:rate5m > $route_error_ratio\n  and job_rpc_method:rpc_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the calls to {{ $labels.rpc_method }} of {{ $labels.job }} fail",
            means: "One method fails, while all methods together may look well.",
            look: ERROR_LOOK,
            act: ACT,
            // Another method carries nine tenths of the calls, and is well.
            story: |scene| failing(scene, "route_error_ratio", 10.0),
        },
        Alert {
            name: "GrpcHandlerPanics",
            severity: Severity::Warning,
            // A series that is born above 0 has no increase yet. One that Prometheus is new to is not born.
            expr: "sum by (job, rpc_method) (increase(rpc_errors_total{error_type=\"panic\"}[10m])) > 0\n  or sum by (job, rpc_method) (\n    rpc_errors_total{error_type=\"panic\"} unless rpc_errors_total{error_type=\"panic\"} offset 10m and on (job) up offset 10m\n  ) > 0",
            hold: "0s",
            supersedes: None,
            summary: "A handler of {{ $labels.rpc_method }} of {{ $labels.job }} panics",
            means: "The call that met it got nothing. A panic is a mistake in the code, never a fault of the caller.",
            look: &[
                "The error report or the log line of the panic: it has the place in the code and the trace",
            ],
            act: &["Mend the code; until then, roll back if it is new"],
            story: |_| {
                let series = r#"rpc_errors_total{rpc_system="grpc",rpc_method="shop.Orders/Get",error_type="panic"}"#;
                Story::of([Input::per_second(series, 0.0, 0.05)]).and_born(series)
            },
        },
        Alert {
            name: "HighGrpcLatency",
            severity: Severity::Warning,
            expr: "job:rpc_request_duration_seconds:p95 > $latency_p95_seconds\n  and job:rpc_requests:rate5m > $request_rate",
            hold: "5m",
            supersedes: None,
            summary: "One gRPC call in twenty to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}",
            means: "Callers wait.",
            look: LATENCY_LOOK,
            act: ACT,
            story: |scene| slow(scene, "latency_p95_seconds", 0.05),
        },
        Alert {
            name: "TooManyGrpcCallsInFlight",
            severity: Severity::Warning,
            expr: "sum by (job, instance) (rpc_active_requests) > $requests_in_flight",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} works on {{ $value }} gRPC calls at once",
            means: "Calls arrive faster than they end. Each holds memory and perhaps a connection to a database.",
            look: &[
                "Latency: if it has grown, something behind the service is slow",
                "Streams: each is in flight for as long as it lasts",
            ],
            act: &[
                "Add instances, or limit how many calls one takes at a time",
                "Relieve the dependency that everything waits for",
            ],
            story: |scene| {
                in_flight(
                    scene,
                    r#"rpc_active_requests{instance="a",rpc_system="grpc"}"#,
                )
            },
        },
        Alert {
            name: "GrpcCallRateDrop",
            severity: Severity::Warning,
            // A process that is new knows of no method before it is called.
            expr: "(job:rpc_requests:rate5m or 0 * job:rpc_requests:rate5m offset 1w)\n  < $request_rate_drop * (job:rpc_requests:rate5m offset 1w > $request_rate_drop_least)",
            hold: "15m",
            supersedes: None,
            summary: "{{ $labels.job }} answers {{ $value | humanize }} gRPC calls per second, far fewer than a week ago",
            means: "Calls do not arrive. The service itself may be perfectly well: what is before it may not be.",
            look: &[
                "The services that call this one, and the balancer between them",
                "Whether a large client has stopped, or is it a holiday",
            ],
            act: &["Mend the way to the service"],
            story: |scene| drops(scene, &calls_of(GET, "OK", "ok")),
        },
        Alert {
            name: "UnauthorizedGrpcCalls",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(rpc_requests_total{rpc_status=~\"UNAUTHENTICATED|PERMISSION_DENIED\"}[5m]))\n  / (job:rpc_requests:rate5m > $request_rate)\n  > $unauthorized_ratio",
            hold: "15m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the gRPC calls to {{ $labels.job }} lack the right to what they ask for",
            means: "A client lost its rights, or somebody probes what there is.",
            look: &[
                "Which methods, and by whom",
                "Whether keys or roles were changed lately",
            ],
            act: &["Give the client its rights back, or block it"],
            story: |scene| answered(scene, "PERMISSION_DENIED", "unauthorized_ratio"),
        },
        Alert {
            name: "GrpcRateLimitViolations",
            severity: Severity::Warning,
            expr: "sum by (job) (rate(rpc_requests_total{rpc_status=\"RESOURCE_EXHAUSTED\"}[5m]))\n  / (job:rpc_requests:rate5m > $request_rate)\n  > $rate_limited_ratio",
            hold: "15m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the gRPC calls to {{ $labels.job }} are one too many, or too large",
            means: "A client asks in a loop, or a limit is too low for what clients do.",
            look: &["Which methods, and by whom"],
            act: &["Talk to the client", "Raise the limit"],
            story: |scene| answered(scene, "RESOURCE_EXHAUSTED", "rate_limited_ratio"),
        },
        Alert {
            name: "GrpcDependencyFailing",
            severity: Severity::Warning,
            expr: "job_server:rpc_client_errors:rate5m\n  / (job_server:rpc_client_requests:rate5m > $dependency_rate)\n  > $dependency_error_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the gRPC calls from {{ $labels.job }} to {{ $labels.server }} fail",
            means: "What the service gets from there it cannot give on.",
            look: &[
                "How they fail: `sum by (server, error_type) (rate(rpc_client_errors_total[5m]))`",
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
                    called(rate),
                    Input::per_second(
                        r#"rpc_client_errors_total{rpc_system="grpc",rpc_method="shop.Stock/Get",error_type="UNAVAILABLE",server="stock"}"#,
                        limit * 0.8,
                        limit * 1.2,
                    ),
                ])
            },
        },
        Alert {
            name: "GrpcDependencySlow",
            severity: Severity::Warning,
            expr: "job_server:rpc_client_request_duration_seconds:p95 > $dependency_seconds\n  and job_server:rpc_client_requests:rate5m > $dependency_rate",
            hold: "10m",
            supersedes: None,
            summary: "One gRPC call in twenty from {{ $labels.job }} to {{ $labels.server }} takes longer than {{ $value | humanizeDuration }}",
            means: "The service waits, and so do its callers.",
            look: &[
                "Traces of slow requests: where the time goes",
                "The other service, if it is ours: its own latency",
            ],
            act: &[
                "Shorten the deadline of the calls, so that waiting does not pile up",
                "Tell whoever runs the other side",
            ],
            story: |scene| {
                let rate = scene.get("dependency_rate") * 100.0;
                let labels = r#"rpc_system="grpc",rpc_method="shop.Stock/Get",rpc_status="OK",server="stock","#;
                let histogram = &RPC_CLIENT_REQUEST_DURATION;
                let durations = scene.slow(histogram, labels, "dependency_seconds", rate, 0.05);
                Story::of(durations.into_iter().chain([called(rate)]))
            },
        },
        Alert {
            name: "GrpcCallRateSpike",
            severity: Severity::Info,
            expr: "job:rpc_requests:rate5m\n  > $request_rate_spike * (job:rpc_requests:rate5m offset 1w > $request_rate)",
            hold: "15m",
            supersedes: None,
            summary: "{{ $labels.job }} answers {{ $value | humanize }} gRPC calls per second, far more than a week ago",
            means: "More calls than usual at this time. The service may bear it; what is behind it may not.",
            look: &[
                "Which methods: `job_rpc_method:rpc_requests:rate5m`",
                "Saturation of the service and of its dependencies",
            ],
            act: &[
                "Add instances before they are needed",
                "Limit the client that asks too much",
            ],
            story: |scene| {
                let rate = scene.get("request_rate") * 20.0;
                let now = rate * scene.get("request_rate_spike") * 1.2;
                Story::of([calls(GET, "OK", "ok", rate, now)]).weekly()
            },
        },
    ],
};

const ERROR_LOOK: &[&str] = &[
    "Which methods fail, and how: `sum by (rpc_method, error_type) (rate(rpc_errors_total[5m]))`",
    "The error reports or the log of the last minutes, and a trace of a failed call",
    "The health checks and the outgoing calls: the cause is often behind the service",
    "When the last deployment was: `build_info`",
];

const LATENCY_LOOK: &[&str] = &[
    "Which methods are slow: `job_rpc_method:rpc_request_duration_seconds:p95`",
    "An exemplar of the slow buckets: it leads to the trace of such a call",
    "Processor, memory and the pools of connections: what everybody waits for",
];

const ACT: &[&str] = &[
    "Roll back if it began with a deployment",
    "Mend or relieve the dependency that is behind it",
];

const GET: &str = "shop.Orders/Get";

/// A method fails a little less often than the threshold, then a little more often. Others have `share` times the calls in
/// all.
fn failing(scene: &Scene<'_>, threshold: &str, share: f64) -> Story {
    let rate = scene.get("request_rate") * 100.0;
    let limit = scene.get(threshold) * rate;
    let (below, above) = (limit * 0.8, (limit * 1.2).min(rate));
    let others = rate * (share - 1.0);
    Story::of([
        calls(GET, "OK", "ok", rate - below, rate - above),
        calls(GET, "INTERNAL", "error", below, above),
        Input::per_second(
            r#"rpc_errors_total{rpc_system="grpc",rpc_method="shop.Orders/Get",error_type="INTERNAL"}"#,
            below,
            above,
        ),
        calls("shop.Others/Get", "OK", "ok", others, others),
    ])
}

/// A little less than a share of the calls is slower than the threshold, then more.
fn slow(scene: &Scene<'_>, threshold: &str, share: f64) -> Story {
    let rate = scene.get("request_rate") * 100.0;
    let labels = r#"rpc_system="grpc",rpc_method="shop.Orders/Get",rpc_status="OK","#;
    let histogram: &Metric = &RPC_REQUEST_DURATION;
    let durations = scene.slow(histogram, labels, threshold, rate, share);
    Story::of(
        { durations }
            .into_iter()
            .chain([calls(GET, "OK", "ok", rate, rate)]),
    )
}

/// A share of the calls is answered with a status.
fn answered(scene: &Scene<'_>, status: &str, threshold: &str) -> Story {
    let rate = scene.get("request_rate") * 100.0;
    let limit = scene.get(threshold) * rate;
    let (below, above) = (limit * 0.8, limit * 1.2);
    Story::of([
        calls(GET, "OK", "ok", rate - below, rate - above),
        calls(GET, status, "ok", below, above),
    ])
}

/// Calls of a method that end like this, per second.
fn calls(method: &str, status: &str, outcome: &str, calm: f64, bad: f64) -> Input {
    Input::per_second(calls_of(method, status, outcome), calm, bad)
}

fn calls_of(method: &str, status: &str, outcome: &str) -> String {
    format!(
        "rpc_requests_total{{rpc_system=\"grpc\",rpc_method=\"{method}\",rpc_status=\"{status}\",outcome=\"{outcome}\"}}"
    )
}

/// Calls that the service makes, per second.
fn called(rate: f64) -> Input {
    let series = r#"rpc_client_requests_total{rpc_system="grpc",rpc_method="shop.Stock/Get",rpc_status="OK",outcome="ok",server="stock"}"#;
    Input::per_second(series, rate, rate)
}
