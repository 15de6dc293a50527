//! The library through its public face. Nothing here installs a global: tests of `init` run in children.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

#[cfg(target_os = "linux")]
mod abuse;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod account;
#[cfg(all(unix, feature = "axum"))]
mod apart;
mod child;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod client;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod conventions;
#[cfg(all(
    feature = "axum",
    feature = "otlp",
    feature = "sentry",
    feature = "testing"
))]
mod corpus;
#[cfg(feature = "sentry")]
mod errors;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod exported;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod faults;
#[cfg(feature = "sentry")]
mod features;
#[cfg(feature = "axum")]
mod fuzz;
#[cfg(all(feature = "axum", feature = "otlp-grpc"))]
mod grpc;
#[cfg(all(unix, feature = "axum", feature = "otlp", feature = "sentry"))]
mod hanging;
mod hostile;
mod init;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod limits;
mod log_control;
mod logs;
#[cfg(all(target_os = "linux", feature = "axum", feature = "otlp"))]
mod memory;
#[cfg(all(target_os = "linux", feature = "axum", feature = "otlp"))]
mod no_threads;
#[cfg(all(
    feature = "axum",
    feature = "otlp",
    feature = "sentry",
    feature = "testing"
))]
mod pipes;
#[cfg(feature = "axum")]
mod placement;
#[cfg(feature = "axum")]
mod probe_thread;
#[cfg(feature = "axum")]
mod probes;
#[cfg(feature = "testing")]
mod refusals;
#[cfg(feature = "axum")]
mod request_options;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod sampling;
#[cfg(all(feature = "axum", feature = "otlp", feature = "sentry"))]
mod secrets;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod self_feeding;
#[cfg(all(unix, feature = "axum", feature = "otlp"))]
mod serve;
#[cfg(feature = "axum")]
mod service;
#[cfg(all(
    feature = "axum",
    feature = "otlp",
    feature = "sentry",
    feature = "testing"
))]
mod shapes;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod shutdown;
#[cfg(all(feature = "axum", feature = "slo"))]
mod slo;
#[cfg(all(feature = "axum", target_os = "linux"))]
mod starved;
#[cfg(feature = "axum")]
mod strangers;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod streams;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(feature = "testing")]
mod testing;
#[cfg(all(target_os = "linux", feature = "otlp", feature = "sentry"))]
mod threads;
#[cfg(all(
    feature = "axum",
    feature = "otlp",
    feature = "testing",
    feature = "tls"
))]
mod tls;
