//! What is measured of every HTTP request that a service makes.
//!
//! `server` is the host that was called, from a closed set: beyond it, `_OTHER`. `status` is the code of the response, and
//! absent, which is the same as empty, when there was none.

use crate::{Metric, Unit};

/// Outgoing requests that ended, by how they ended.
///
/// `outcome` is `ok`, `error`, `cancelled`, `panicked` or `upgraded`. To a client, a status from `400` upward is an error.
pub const HTTP_CLIENT_REQUESTS: Metric = Metric::counter("http_client_requests_total")
    .with_otel_name("http.client.requests")
    .with_labels(&["method", "server", "status", "outcome"])
    .with_otel_labels(&[
        "http.request.method",
        "server.address",
        "http.response.status_code",
        "radiosonde.outcome",
    ])
    .with_help("Outgoing HTTP requests that ended, by method, server, status and outcome.");

/// How long outgoing requests took, from when they were made to the end of the response body; of an event stream or an
/// upgraded connection, to the head of the response.
///
/// The bounds are those that the OpenTelemetry semantic conventions advise for `http.client.request.duration`.
pub const HTTP_CLIENT_REQUEST_DURATION: Metric = Metric::histogram(
    "http_client_request_duration_seconds",
    &[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ],
)
.with_otel_name("http.client.request.duration")
.with_unit(Unit::Seconds)
.with_labels(&["method", "server", "status"])
.with_otel_labels(&[
    "http.request.method",
    "server.address",
    "http.response.status_code",
])
.with_help("Time from when an HTTP request was made to the end of its response, in seconds.");

/// Outgoing requests that failed, on whichever side.
///
/// `error_type` is the status code from `400` upward, `connect` when there was no connection, `timeout` when the client
/// gave up in time, `inner` when it failed otherwise without a response, `body` when the response broke off after its
/// head, `panic` when the client panicked.
pub const HTTP_CLIENT_ERRORS: Metric = Metric::counter("http_client_errors_total")
    .with_otel_name("http.client.errors")
    .with_labels(&["method", "server", "error_type"])
    .with_otel_labels(&["http.request.method", "server.address", "error.type"])
    .with_help("Outgoing HTTP requests that failed, by type of error.");

/// Outgoing requests in flight: made, and not ended.
pub const HTTP_CLIENT_ACTIVE_REQUESTS: Metric =
    Metric::up_down_counter("http_client_active_requests")
        .with_otel_name("http.client.active_requests")
        .with_labels(&["method", "server"])
        .with_otel_labels(&["http.request.method", "server.address"])
        .with_help("Outgoing HTTP requests in flight.");
