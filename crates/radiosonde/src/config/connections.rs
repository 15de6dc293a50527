//! Limits of what `serve` serves.

use std::time::Duration;

use super::value::Reader;
use super::{Config, ConfigError, env};

/// How many connections there may be, and how long they may say nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionSettings {
    /// At most [`tokio::sync::Semaphore::MAX_PERMITS`].
    pub(crate) most: usize,
    pub(crate) head_timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

impl ConnectionSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        let second = Duration::from_secs(1);
        Self {
            most: most(config, reader),
            head_timeout: reader.duration_from(
                ("Config::head_timeout", config.head_timeout),
                env::RADIOSONDE_HEAD_TIMEOUT,
                Duration::from_secs(30),
                [second, Duration::from_hours(1)],
            ),
            idle_timeout: reader.duration_from(
                ("Config::idle_timeout", config.idle_timeout),
                env::RADIOSONDE_IDLE_TIMEOUT,
                Duration::from_secs(620),
                [second, Duration::from_hours(24)],
            ),
        }
    }
}

fn most(config: &Config, reader: &mut Reader<'_>) -> usize {
    let (setting, value) = match (
        config.max_connections,
        reader.text(env::RADIOSONDE_MAX_CONNECTIONS),
    ) {
        (Some(set), _) => ("Config::max_connections", set.to_string()),
        (None, Some(text)) => (env::RADIOSONDE_MAX_CONNECTIONS, text),
        (None, None) => return UNLIMITED,
    };
    if let Ok(most @ 1..) = value.parse() {
        return UNLIMITED.min(most);
    }
    reader
        .errors
        .push(ConfigError::InvalidLimit { setting, value });
    UNLIMITED
}

const UNLIMITED: usize = tokio::sync::Semaphore::MAX_PERMITS;
