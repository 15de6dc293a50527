//! Settings of the log.

use tracing_subscriber::EnvFilter;

use super::value::Reader;
use super::{Config, ConfigError, LogFormat, env};

/// How log lines look, and which there are.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
    pub(crate) colours: bool,
}

impl LogSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>, terminal: bool) -> Self {
        let standard = reader.text(env::RUST_LOG);
        let filter = match (&config.log_filter, standard) {
            (Some(set), _) => {
                if let Err(reason) = EnvFilter::builder().parse(set) {
                    let (value, reason) = (set.clone(), reason.to_string());
                    reader
                        .errors
                        .push(ConfigError::InvalidLogFilter { value, reason });
                }
                set.clone()
            }
            (None, Some(text)) => match EnvFilter::builder().parse(&text) {
                Ok(_) => text,
                Err(reason) => {
                    reader.warn(format!(
                        "{} is `{text}`, and is ignored: {reason}",
                        env::RUST_LOG
                    ));
                    "info".into()
                }
            },
            (None, None) => "info".into(),
        };
        let default = if terminal {
            LogFormat::Text
        } else {
            LogFormat::Json
        };
        let format = config
            .log_format
            .or_else(|| log_format(reader))
            .unwrap_or(default);
        Self {
            filter,
            format,
            colours: terminal && reader.text(env::NO_COLOR).is_none(),
        }
    }
}

fn log_format(reader: &mut Reader<'_>) -> Option<LogFormat> {
    let text = reader.text(env::LOG_FORMAT)?;
    match text.to_ascii_lowercase().as_str() {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => {
            let (setting, expected) = (env::LOG_FORMAT, "`text` or `json`");
            reader.errors.push(ConfigError::UnknownWord {
                setting,
                value: text,
                expected,
            });
            None
        }
    }
}
