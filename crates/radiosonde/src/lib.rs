#![doc = include_str!("../README.md")]
//!
//! # Depths
//!
//! - [`init`] installs everything for the process: the subscriber of `tracing`, the recorder of `metrics`, the panic
//!   hook, the propagator. It is what `main` calls.
//! - [`build`] returns the same [`Parts`] and installs nothing: for tests, and for services that have a subscriber or a
//!   recorder of their own.
//! - Each part stands alone: [`metrics::Registry`], [`layer::ObserveLayer`], [`health::Health`].
//!
//! # Features
//!
//! | feature | on by default | what it adds |
//! |---|---|---|
//! | `axum` | yes | [`Sonde::router`] and [`Sonde::serve`] |
//! | `otlp` | yes | spans to an OpenTelemetry collector, over HTTP and protobuf |
//! | `sentry` | yes | panics, failed requests and logged errors to Sentry |
//! | `tls` | yes | `https` addresses, by rustls with aws-lc-rs |
//! | `tls-ring` | no | the same with ring, for a tree that uses ring: instead of `tls` |
//!
//! A feature adds an ability; only an endpoint or a DSN turns it on.

mod causes;
mod config;
mod context;
#[cfg(feature = "sentry")]
mod errors;
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
mod sonde;
mod traces;

pub use config::{Config, ConfigError, LogFormat, Service};
pub use init::{Parts, build, init};
pub use init_error::InitError;
pub use lifecycle::{Delivery, ShutdownReport};
#[cfg(feature = "axum")]
pub use lifecycle::{ServeError, Server};
pub use sonde::Sonde;

/// Health checks and the probes that report them.
pub mod health {
    #[doc(inline)]
    pub use radiosonde_health::{
        Check, CheckFailed, CheckReport, CheckState, Gate, Health, Liveness, Obstacle, Readiness,
        RegisterError, Report, Severity, Startup, Status,
    };
}

/// The request layer.
pub mod layer {
    #[doc(inline)]
    pub use radiosonde_tower::{ErrorType, Observation, ObserveLayer, ObserveOptions, Outcome};
}

/// The registry that every metric of the process is recorded in.
pub mod metrics {
    #[doc(inline)]
    pub use radiosonde_metrics::{Bounds, InvalidBounds, Registry, RegistryOptions};
}

/// The service in the readme of the repository compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
