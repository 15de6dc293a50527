//! Settings of the end.

use std::time::Duration;

use super::value::Reader;
use super::{Config, env};

/// How the service ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LifecycleSettings {
    pub(crate) drain_delay: Duration,
    pub(crate) drain_timeout: Duration,
    pub(crate) flush_timeout: Duration,
    /// Whether the process is there only to say its catalogue.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "said where a server would listen")
    )]
    pub(crate) print_catalogue: bool,
}

impl LifecycleSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        let in_kubernetes = reader.text(env::KUBERNETES_SERVICE_HOST).is_some();
        let delay = if in_kubernetes {
            Duration::from_secs(5)
        } else {
            Duration::ZERO
        };
        let hour = Duration::from_hours(1);
        Self {
            drain_delay: reader.duration(
                ("Config::drain_delay", config.drain_delay),
                env::RADIOSONDE_DRAIN_DELAY,
                delay,
                hour,
            ),
            drain_timeout: reader.duration(
                ("Config::drain_timeout", config.drain_timeout),
                env::RADIOSONDE_DRAIN_TIMEOUT,
                Duration::from_secs(20),
                hour,
            ),
            flush_timeout: reader.duration(
                ("Config::flush_timeout", config.flush_timeout),
                env::RADIOSONDE_FLUSH_TIMEOUT,
                Duration::from_secs(3),
                Duration::from_secs(5),
            ),
            print_catalogue: reader.text(env::RADIOSONDE_PRINT_CATALOGUE).is_some(),
        }
    }
}
