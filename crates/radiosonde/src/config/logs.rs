//! Settings of the log.

use tracing_subscriber::EnvFilter;

#[cfg(feature = "otlp")]
use super::LogExport;
use super::value::Reader;
use super::{Config, ConfigError, LogFields, LogFormat, env};

/// How log lines look, and which there are.
#[derive(Debug)]
pub(crate) struct LogSettings {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
    pub(crate) fields: LogFields,
    pub(crate) colours: bool,
    /// How many lines a callsite may write in a second; none for as many as it likes.
    pub(crate) per_second: Option<u32>,
    #[cfg(feature = "otlp")]
    pub(crate) export: Option<LogExport>,
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
        let filter = with_own_level(filter, reader);
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
            fields: fields(config, reader),
            per_second: per_second(config, reader),
            #[cfg(feature = "otlp")]
            export: LogExport::resolve(config, reader),
            colours: terminal && reader.text(env::NO_COLOR).is_none(),
        }
    }
}

/// Adds what `OTEL_LOG_LEVEL` says of our own events, unless the filter has something to say of them itself. The access log is
/// not about us.
fn with_own_level(filter: String, reader: &mut Reader<'_>) -> String {
    let name = env::OTEL_LOG_LEVEL;
    let Some(text) = reader.text(name) else {
        return filter;
    };
    let level = match text.to_ascii_lowercase().as_str() {
        "trace" | "verbose" | "all" => "trace",
        "debug" => "debug",
        "info" => "info",
        "warn" | "warning" => "warn",
        "error" => "error",
        "none" | "off" => "off",
        _ => {
            reader.warn(format!("{name} is `{text}`, and is ignored"));
            return filter;
        }
    };
    let mut directives = filter.split(',').map(str::trim);
    if directives.any(|directive| directive.starts_with("radiosonde")) {
        return filter;
    }
    let of_others =
        ["opentelemetry", "tracing_opentelemetry"].map(|target| format!("{target}={level}"));
    let [sdk, bridge] = of_others;
    format!("{filter},radiosonde={level},radiosonde::access=info,{sdk},{bridge}")
}

fn fields(config: &Config, reader: &mut Reader<'_>) -> LogFields {
    if let Some(set) = config.log_fields {
        return set;
    }
    let setting = env::RADIOSONDE_LOG_FIELDS;
    let Some(text) = reader.text(setting) else {
        return LogFields::Nested;
    };
    match text.to_ascii_lowercase().as_str() {
        "nested" => LogFields::Nested,
        "flat" => LogFields::Flat,
        _ => {
            reader.errors.push(ConfigError::UnknownWord {
                setting,
                value: text,
                expected: "`nested` or `flat`",
            });
            LogFields::Nested
        }
    }
}

fn per_second(config: &Config, reader: &mut Reader<'_>) -> Option<u32> {
    let setting = env::RADIOSONDE_LOG_LIMIT;
    let set = config.log_limit.or_else(|| {
        let text = reader.text(setting)?;
        let number = text.parse();
        if number.is_err() {
            reader.errors.push(ConfigError::InvalidNumber {
                setting,
                value: text,
            });
        }
        number.ok()
    });
    match set.unwrap_or(LINES_PER_SECOND) {
        0 => None,
        limit => Some(limit),
    }
}

/// More than anybody reads of one place, and less than would fill the queue.
const LINES_PER_SECOND: u32 = 1_000;

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
