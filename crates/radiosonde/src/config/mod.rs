//! What a service may set, in code and by the environment.
//!
//! A [`Config`] says what the code knows: the name of the service, its version. Everything else has a default that works
//! on a laptop and sends nothing out, and can be set by the variables that `docs/reference/configuration.md` lists. What
//! is set in code wins, except the name: one program may be deployed as several services, so `OTEL_SERVICE_NAME` wins
//! over it.

pub(crate) mod env;
mod error;
mod options;
mod resolve;
#[cfg(any(feature = "otlp", feature = "sentry"))]
mod secret;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod value;

pub use error::ConfigError;
pub use options::{Config, LogFormat};
#[cfg(any(feature = "otlp", feature = "sentry"))]
pub(crate) use secret::Secret;
pub use service::Service;
#[cfg(feature = "otlp")]
pub(crate) use settings::OtlpSettings;
#[cfg(feature = "sentry")]
pub(crate) use settings::SentrySettings;
pub(crate) use settings::{LifecycleSettings, LogSettings, Settings, TraceSettings};
