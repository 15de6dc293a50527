#![cfg_attr(feature = "axum", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "axum"),
    doc = "What a Rust web service carries to be seen."
)]
//!
//! # Depths
//!
//! - [`init`] installs everything for the process: the subscriber of `tracing`, the recorder of `metrics`, the panic
//!   hook, the propagator. It is what `main` calls.
//! - [`build`] returns the same [`Parts`] and installs nothing: for tests, and for services that have a subscriber or a
//!   recorder of their own.
//! - Each part stands alone: [`metrics::Registry`], [`layer::ObserveLayer`], [`client::ObserveClientLayer`],
//!   [`health::Health`].
//!
//! # Features
//!
//! | feature | on by default | what it adds |
//! |---|---|---|
//! | `axum` | yes | `Sonde::router` and `Sonde::serve` |
//! | `derive` | yes | the derives of [`metrics::typed`] instruments |
//! | `otlp` | yes | spans, metrics and log records to an OpenTelemetry collector, over HTTP and protobuf |
//! | `otlp-grpc` | no | the same over gRPC |
//! | `sentry` | yes | panics, failed requests and logged errors to Sentry |
//! | `process` | yes | `process_*`: processor time, memory, file descriptors, limits of the cgroup (Linux) |
//! | `runtime` | yes | `tokio_*`: workers, tasks, queue, scheduling delay |
//! | `slo` | yes | [`slo`]: objectives, their burn rates and error budgets, without Prometheus |
//! | `tls` | yes | `https` addresses, by rustls with aws-lc-rs |
//! | `tls-ring` | no | the same with ring, for a tree that uses ring: instead of `tls` |
//! | `reqwest` | no | [`client::ObserveClientLayer`] as a middleware of `reqwest-middleware` |
//! | `testing` | no | `testing`: telemetry local to a test, and assertions on it; outside semantic versioning |
//!
//! A feature adds an ability; only an endpoint or a DSN turns it on.

mod config;
#[cfg(feature = "otlp")]
mod console;
mod context;
#[cfg(feature = "sentry")]
pub mod errors;
pub mod ext;
mod init;
mod init_error;
#[cfg_attr(
    not(any(feature = "otlp", feature = "sentry")),
    expect(dead_code, reason = "nothing leaves the process")
)]
mod io;
mod lifecycle;
mod logs;
pub mod metrics;
#[cfg(feature = "axum")]
mod own_endpoints;
mod panics;
#[cfg(feature = "slo")]
pub mod slo;
mod sonde;
mod summary;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod traces;

pub use config::{Config, ConfigError, LogFields, LogFormat, Service};
pub use init::{Parts, build, init};
pub use init_error::InitError;
pub use lifecycle::{Delivery, ShutdownReport};
#[cfg(feature = "axum")]
pub use lifecycle::{ProbeThread, ServeError, Server};
pub use logs::{LogFilterError, LogFilterState};
pub use sonde::Sonde;

/// Health checks and the probes that report them.
pub mod health {
    #[doc(inline)]
    pub use radiosonde_health::{
        Change, Check, CheckFailed, CheckReport, CheckState, Gate, Health, Liveness, Obstacle,
        Readiness, RegisterError, Report, Severity, Startup, Status,
    };
}

/// The endpoints: where they are and who sees what.
#[cfg(feature = "axum")]
pub mod endpoints {
    #[doc(inline)]
    pub use radiosonde_axum::{Audience, Paths, Route};
}

/// The request layer.
pub mod layer {
    pub use crate::config::RequestOptions;
    #[cfg(feature = "axum")]
    #[doc(inline)]
    pub use radiosonde_axum::{
        Accept, ConnectionMetrics, CountedIo, CountedListener, Handshake, Retrying,
    };
    #[doc(inline)]
    pub use radiosonde_tower::grpc::{GrpcObservation, GrpcOptions, GrpcStatus};
    #[doc(inline)]
    pub use radiosonde_tower::{
        Arrival, CurrentRequest, Entered, ErrorType, Observation, ObserveLayer, ObserveOptions,
        Observer, Outcome, RequestLabel, RouteOf, Scope, SpanIds, StreamRule, with_current_request,
    };
}

/// Which traces are recorded, and by which headers they come and go.
pub mod trace {
    pub use crate::config::{Propagator, SamplingOptions};
}

/// The client layer: requests that the service makes.
///
/// [`Sonde::client_layer`] returns it with its spans.
pub mod client {
    #[doc(inline)]
    pub use radiosonde_tower::client::{
        ClientErrorType, ClientObservation, ClientObserver, ClientOptions, ClientScope, Departure,
        ObserveClientLayer, ServerOf,
    };
}

/// The service in the readme of the repository compiles.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So do the pages of the guide.
#[cfg(doctest)]
mod guide {
    #[cfg(all(feature = "axum", feature = "sentry", feature = "testing"))]
    #[doc = include_str!("../../../docs/guide/errors.md")]
    struct Errors;

    #[cfg(feature = "axum")]
    #[doc = include_str!("../../../docs/guide/health.md")]
    struct Health;

    #[doc = include_str!("../../../docs/guide/logs.md")]
    struct Logs;

    #[cfg(all(feature = "axum", feature = "derive"))]
    #[doc = include_str!("../../../docs/guide/requests.md")]
    struct Requests;

    #[cfg(feature = "axum")]
    #[doc = include_str!("../../../docs/guide/traces.md")]
    struct Traces;

    #[cfg(feature = "slo")]
    #[doc = include_str!("../../../docs/guide/objectives.md")]
    struct Objectives;
}
