//! What is measured of every gRPC call that a service answers or makes, in place of what is measured of HTTP requests.
//!
//! `rpc_method` is the full name of a method, such as `shop.Orders/Get`, from a closed set: beyond it, `_OTHER`. `rpc_status`
//! is the name of the code, such as `NOT_FOUND`. `rpc_system` reads `grpc`.

use crate::{Metric, Unit};

/// Calls that ended, by how they ended.
///
/// `outcome` is `ok`, `error`, `cancelled` or `panicked`. The codes `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`,
/// `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS` are errors, as the semantic conventions have it for servers. `rpc_status` is
/// `CANCELLED` when the caller left, and `INTERNAL` when the service failed or panicked.
pub const RPC_REQUESTS: Metric = Metric::counter("rpc_requests_total")
    .with_otel_name("rpc.server.calls")
    .with_labels(&["rpc_system", "rpc_method", "rpc_status", "outcome"])
    .with_otel_labels(&[SYSTEM, METHOD, STATUS, "radiosonde.outcome"])
    .with_help("gRPC calls that ended, by method, status and outcome.");

/// How long calls took, from arrival to the end of the response; of one that is answered by a stream, to the head.
pub const RPC_REQUEST_DURATION: Metric = Metric::histogram("rpc_request_duration_seconds", SECONDS)
    .with_otel_name("rpc.server.call.duration")
    .with_unit(Unit::Seconds)
    .with_labels(&["rpc_system", "rpc_method", "rpc_status"])
    .with_otel_labels(&[SYSTEM, METHOD, STATUS])
    .with_help("Time from the arrival of a gRPC call to the end of its response, in seconds.");

/// Calls that failed on our side.
///
/// `error_type` is the name of the code, `panic` when the handler panicked, `inner` when the service failed without a
/// response, `body` when the response broke off.
pub const RPC_ERRORS: Metric = Metric::counter("rpc_errors_total")
    .with_otel_name("rpc.server.errors")
    .with_labels(&["rpc_system", "rpc_method", "error_type"])
    .with_otel_labels(&[SYSTEM, METHOD, "error.type"])
    .with_help("gRPC calls that failed on the side of the server, by type of error.");

/// Calls in flight: arrived, and not ended.
pub const RPC_ACTIVE_REQUESTS: Metric = Metric::up_down_counter("rpc_active_requests")
    .with_otel_name("rpc.server.active_requests")
    .with_labels(&["rpc_system"])
    .with_otel_labels(&[SYSTEM])
    .with_help("gRPC calls in flight.");

/// How long the streams lasted that calls were answered by, from the head of the response to its end.
pub const RPC_STREAM_DURATION: Metric = Metric::histogram("rpc_stream_duration_seconds", LONG)
    .with_otel_name("rpc.server.stream.duration")
    .with_unit(Unit::Seconds)
    .with_labels(&["rpc_system", "rpc_method"])
    .with_otel_labels(&[SYSTEM, METHOD])
    .with_help("Time from the head of a streamed gRPC response to its end, in seconds.");

/// Outgoing calls that ended, by how they ended.
///
/// To a client, every code but `OK` is an error; `rpc_status` is absent when there was no answer.
pub const RPC_CLIENT_REQUESTS: Metric = Metric::counter("rpc_client_requests_total")
    .with_otel_name("rpc.client.calls")
    .with_labels(&[
        "rpc_system",
        "rpc_method",
        "rpc_status",
        "outcome",
        "server",
    ])
    .with_otel_labels(&[SYSTEM, METHOD, STATUS, "radiosonde.outcome", SERVER])
    .with_help("Outgoing gRPC calls that ended, by method, status, outcome and server.");

/// How long outgoing calls took, from when they were made to the end of the response; of one that is answered by a stream,
/// to the head.
pub const RPC_CLIENT_REQUEST_DURATION: Metric =
    Metric::histogram("rpc_client_request_duration_seconds", SECONDS)
        .with_otel_name("rpc.client.call.duration")
        .with_unit(Unit::Seconds)
        .with_labels(&["rpc_system", "rpc_method", "rpc_status", "server"])
        .with_otel_labels(&[SYSTEM, METHOD, STATUS, SERVER])
        .with_help("Time from when a gRPC call was made to the end of its response, in seconds.");

/// Outgoing calls that failed, on whichever side.
///
/// `error_type` is the name of the code; without an answer, what `http_client_errors_total` has.
pub const RPC_CLIENT_ERRORS: Metric = Metric::counter("rpc_client_errors_total")
    .with_otel_name("rpc.client.errors")
    .with_labels(&["rpc_system", "rpc_method", "error_type", "server"])
    .with_otel_labels(&[SYSTEM, METHOD, "error.type", SERVER])
    .with_help("Outgoing gRPC calls that failed, by type of error.");

/// Outgoing calls in flight: made, and not ended.
pub const RPC_CLIENT_ACTIVE_REQUESTS: Metric =
    Metric::up_down_counter("rpc_client_active_requests")
        .with_otel_name("rpc.client.active_requests")
        .with_labels(&["rpc_system", "server"])
        .with_otel_labels(&[SYSTEM, SERVER])
        .with_help("Outgoing gRPC calls in flight.");

/// How long the streams lasted that outgoing calls were answered by, from the head of the response to its end.
pub const RPC_CLIENT_STREAM_DURATION: Metric =
    Metric::histogram("rpc_client_stream_duration_seconds", LONG)
        .with_otel_name("rpc.client.stream.duration")
        .with_unit(Unit::Seconds)
        .with_labels(&["rpc_system", "rpc_method", "server"])
        .with_otel_labels(&[SYSTEM, METHOD, SERVER])
        .with_help("Time from the head of a streamed gRPC response to its end, in seconds.");

const SYSTEM: &str = "rpc.system.name";
const METHOD: &str = "rpc.method";
const STATUS: &str = "rpc.response.status_code";
const SERVER: &str = "server.address";

/// The bounds that the semantic conventions advise.
const SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Those of the streams of HTTP.
const LONG: &[f64] = &[
    1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0,
];
