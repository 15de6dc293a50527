//! What is measured of every HTTP request that a server answers.

use crate::metric::{Kind, Metric, Unit};

/// Requests that ended, by how they ended.
///
/// `outcome` is `ok`, `error`, `cancelled`, `panicked` or `upgraded`; `status` is the code of the response, `499` when
/// the client left before there was one, `500` when the handler panicked or failed without a response. `route` is the
/// template that matched, and absent, which is the same as empty, when none did; an unknown `method` reads `_OTHER`.
pub const HTTP_REQUESTS: Metric = Metric {
    name: "http_requests_total",
    otel_name: "http.server.requests",
    kind: Kind::Counter,
    unit: Unit::Count,
    labels: &["method", "route", "status", "outcome"],
    bounds: &[],
    help: "HTTP requests that ended, by method, route, status and outcome.",
};

/// How long requests took, from arrival to the end of the response body; of an event stream or an upgraded connection,
/// to the head of the response.
///
/// The bounds are those that the OpenTelemetry semantic conventions advise for `http.server.request.duration`.
pub const HTTP_REQUEST_DURATION: Metric = Metric {
    name: "http_request_duration_seconds",
    otel_name: "http.server.request.duration",
    kind: Kind::Histogram,
    unit: Unit::Seconds,
    labels: &["method", "route", "status"],
    bounds: &[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ],
    help: "Time from the arrival of an HTTP request to the end of its response, in seconds.",
};

/// Requests that failed on our side.
///
/// `error_type` is the status code from `500` upward, `panic` when the handler panicked, `inner` when the service
/// failed without a response, `body` when the response broke off after its head.
pub const HTTP_ERRORS: Metric = Metric {
    name: "http_errors_total",
    otel_name: "http.server.errors",
    kind: Kind::Counter,
    unit: Unit::Count,
    labels: &["method", "route", "error_type"],
    bounds: &[],
    help: "HTTP requests that failed on the side of the server, by type of error.",
};

/// Requests in flight: arrived, and not ended.
pub const HTTP_ACTIVE_CONNECTIONS: Metric = Metric {
    name: "http_active_connections",
    otel_name: "http.server.active_requests",
    kind: Kind::UpDownCounter,
    unit: Unit::Count,
    labels: &["method"],
    bounds: &[],
    help: "HTTP requests in flight.",
};
