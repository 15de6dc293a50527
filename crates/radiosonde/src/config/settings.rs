//! What was resolved: valid by construction, read by the signals.

use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::Sampler;

use super::LogFormat;
#[cfg(any(feature = "otlp", feature = "sentry"))]
use super::Secret;

/// Everything that `init` needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) known_methods: Option<Vec<String>>,
    pub(crate) logs: LogSettings,
    pub(crate) traces: TraceSettings,
    #[cfg(feature = "sentry")]
    pub(crate) sentry: Option<SentrySettings>,
    pub(crate) lifecycle: LifecycleSettings,
    /// What was ignored, to be logged once there is a log.
    pub(crate) warnings: Vec<String>,
}

/// How log lines look, and which there are.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
    pub(crate) colours: bool,
}

/// Which spans there are, and where they go.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    pub(crate) resource: Resource,
    pub(crate) sampler: Sampler,
    #[cfg(feature = "otlp")]
    pub(crate) otlp: Option<OtlpSettings>,
}

/// The collector.
#[cfg(feature = "otlp")]
#[derive(Debug, Clone)]
pub(crate) struct OtlpSettings {
    pub(crate) endpoint: http::Uri,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) timeout: Duration,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) delay: Duration,
}

/// The Sentry project.
#[cfg(feature = "sentry")]
#[derive(Debug, Clone)]
pub(crate) struct SentrySettings {
    pub(crate) dsn: Secret,
    pub(crate) release: Option<String>,
    pub(crate) environment: String,
}

/// How the service ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LifecycleSettings {
    pub(crate) drain_delay: Duration,
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only `serve` waits for it")
    )]
    pub(crate) drain_timeout: Duration,
    pub(crate) flush_timeout: Duration,
}
