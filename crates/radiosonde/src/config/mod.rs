//! What a service may set, in code and by the environment.
//!
//! A [`Config`] says what the code knows: the name of the service, its version. Everything else has a default that works
//! on a laptop and sends nothing out, and can be set by the variables that `docs/reference/configuration.md` lists. What
//! is set in code wins, except the name: one program may be deployed as several services, so `OTEL_SERVICE_NAME` wins
//! over it.

#[cfg(feature = "axum")]
mod connections;
#[cfg(feature = "sentry")]
mod dsn;
pub(crate) mod env;
mod error;
#[cfg(feature = "sentry")]
mod errors;
#[cfg(feature = "axum")]
mod exposure;
mod lifecycle;
mod logs;
mod metrics;
mod options;
#[cfg(feature = "otlp")]
mod otlp;
mod propagators;
mod requests;
mod resource;
mod sampling;
#[cfg(any(feature = "axum", feature = "otlp", feature = "sentry"))]
mod secret;
#[cfg(feature = "sentry")]
mod sentry;
mod service;
mod settings;
#[cfg(feature = "slo")]
mod slo;
#[cfg(test)]
mod tests;
mod traces;
mod value;

#[cfg(feature = "axum")]
pub(crate) use connections::ConnectionSettings;
pub use error::ConfigError;
#[cfg(feature = "sentry")]
pub(crate) use errors::BeforeSend;
#[cfg(feature = "sentry")]
pub use errors::ErrorOptions;
#[cfg(feature = "axum")]
pub(crate) use exposure::{Exposure, ExposureSettings};
pub(crate) use lifecycle::LifecycleSettings;
pub(crate) use logs::LogSettings;
pub(crate) use metrics::MetricSettings;
pub use options::{Config, LogFields, LogFormat};
#[cfg(feature = "otlp")]
pub(crate) use otlp::{
    AttributeLimits, Batches, LogExport, MetricExport, OtlpProtocol, OtlpTarget, SpanExport,
};
pub use propagators::Propagator;
pub use requests::RequestOptions;
pub(crate) use requests::{CapturedHeader, RequestSettings, SpanOptions};
pub use sampling::SamplingOptions;
pub(crate) use sampling::SamplingSettings;
#[cfg(feature = "otlp")]
pub(crate) use sampling::{KeepSettings, RootSampling, StrategyPlace, StrategySource};
#[cfg(any(feature = "axum", feature = "otlp", feature = "sentry"))]
pub(crate) use secret::Secret;
#[cfg(feature = "sentry")]
pub(crate) use sentry::SentrySettings;
pub use service::Service;
pub(crate) use settings::{INSTANCE, Settings};
#[cfg(feature = "slo")]
pub use slo::SloOptions;
#[cfg(feature = "slo")]
pub(crate) use slo::SloSettings;
pub(crate) use traces::TraceSettings;
