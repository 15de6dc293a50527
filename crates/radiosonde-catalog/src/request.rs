//! What is measured of every HTTP request that a server answers.

use crate::{Metric, Unit};

/// Requests that ended, by how they ended.
///
/// `outcome` is `ok`, `error`, `cancelled`, `panicked` or `upgraded`; `status` is the code of the response, `499` when
/// the client left before there was one, `500` when the handler panicked or failed without a response. `route` is the
/// template that matched, and absent, which is the same as empty, when none did; an unknown `method` reads `_OTHER`.
pub const HTTP_REQUESTS: Metric = Metric::counter("http_requests_total")
    .with_otel_name("http.server.requests")
    .with_labels(&["method", "route", "status", "outcome"])
    .with_otel_labels(&[
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "radiosonde.outcome",
    ])
    .with_help("HTTP requests that ended, by method, route, status and outcome.");

/// How long requests took, from arrival to the end of the response body; of an event stream or an upgraded connection,
/// to the head of the response.
///
/// The bounds are those that the OpenTelemetry semantic conventions advise for `http.server.request.duration`.
pub const HTTP_REQUEST_DURATION: Metric = Metric::histogram(
    "http_request_duration_seconds",
    &[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ],
)
.with_otel_name("http.server.request.duration")
.with_unit(Unit::Seconds)
.with_labels(&["method", "route", "status"])
.with_otel_labels(&[
    "http.request.method",
    "http.route",
    "http.response.status_code",
])
.with_help("Time from the arrival of an HTTP request to the end of its response, in seconds.");

/// Requests that failed on our side.
///
/// `error_type` is the status code from `500` upward, `panic` when the handler panicked, `inner` when the service
/// failed without a response, `body` when the response broke off after its head.
pub const HTTP_ERRORS: Metric = Metric::counter("http_errors_total")
    .with_otel_name("http.server.errors")
    .with_labels(&["method", "route", "error_type"])
    .with_otel_labels(&["http.request.method", "http.route", "error.type"])
    .with_help("HTTP requests that failed on the side of the server, by type of error.");

/// Requests in flight: arrived, and not ended.
pub const HTTP_ACTIVE_CONNECTIONS: Metric = Metric::up_down_counter("http_active_connections")
    .with_otel_name("http.server.active_requests")
    .with_labels(&["method"])
    .with_otel_labels(&["http.request.method"])
    .with_help("HTTP requests in flight.");

/// How long streams lasted, from the head of the response to their end: event streams, unless the layer is told otherwise,
/// and web sockets where `Sonde::serve` serves them.
///
/// The requests that they answer are timed to the head, so that a stream does not spoil a percentile.
pub const HTTP_STREAM_DURATION: Metric = Metric::histogram(
    "http_stream_duration_seconds",
    &[
        1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0,
    ],
)
.with_otel_name("http.server.stream.duration")
.with_unit(Unit::Seconds)
.with_labels(&["method", "route"])
.with_otel_labels(&["http.request.method", "http.route"])
.with_help("Time from the head of a streamed HTTP response to its end, in seconds.");

/// The bodies of requests that said how long they are, by `Content-Length`. Measured when the layer is told to.
pub const HTTP_REQUEST_BODY: Metric = Metric::histogram("http_request_body_bytes", BYTES)
    .with_otel_name("http.server.request.body.size")
    .with_unit(Unit::Bytes)
    .with_labels(&["method", "route"])
    .with_otel_labels(&["http.request.method", "http.route"])
    .with_help("Size of the bodies of HTTP requests that announced it, in bytes.");

/// The bodies of responses, as far as they were sent. Measured when the layer is told to.
pub const HTTP_RESPONSE_BODY: Metric = Metric::histogram("http_response_body_bytes", BYTES)
    .with_otel_name("http.server.response.body.size")
    .with_unit(Unit::Bytes)
    .with_labels(&["method", "route"])
    .with_otel_labels(&["http.request.method", "http.route"])
    .with_help("Size of the bodies of HTTP responses as far as they were sent, in bytes.");

/// Connections that were accepted, whether a request came over them or not.
pub const HTTP_CONNECTIONS_ACCEPTED: Metric = Metric::counter("http_connections_accepted_total")
    .with_otel_name("http.server.connections.accepted")
    .with_help("Connections that were accepted.");

/// Connections that could not be accepted, as when there are no file descriptors left. A client that gave up first is not
/// among them.
pub const HTTP_CONNECTIONS_FAILED: Metric = Metric::counter("http_connections_failed_total")
    .with_otel_name("http.server.connections.failed")
    .with_help("Connections that could not be accepted.");

/// Connections that are open, whether a request is in flight on them or not.
pub const HTTP_OPEN_CONNECTIONS: Metric = Metric::up_down_counter("http_open_connections")
    .with_otel_name("http.server.open_connections")
    .with_help("Connections that are open.");

/// How long connections lasted.
pub const HTTP_CONNECTION_DURATION: Metric = Metric::histogram(
    "http_connection_duration_seconds",
    &[0.01, 0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0],
)
.with_otel_name("http.server.connection.duration")
.with_unit(Unit::Seconds)
.with_help("Time from accepting a connection to its end, in seconds.");

/// TLS handshakes with clients, where the service shows them.
pub const TLS_HANDSHAKE_DURATION: Metric = Metric::histogram(
    "tls_handshake_duration_seconds",
    &[
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0,
    ],
)
.with_otel_name("tls.server.handshake.duration")
.with_unit(Unit::Seconds)
.with_labels(&["outcome"])
.with_otel_labels(&["tls.handshake.outcome"])
.with_help("Duration of TLS handshakes with clients, by outcome, in seconds.");

/// From a hundred bytes to a hundred megabytes.
const BYTES: &[f64] = &[1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
