//! From what is set to what holds.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::Sampler;
use tracing_subscriber::EnvFilter;

use super::env;
#[cfg(feature = "otlp")]
use super::settings::OtlpSettings;
#[cfg(feature = "sentry")]
use super::settings::SentrySettings;
use super::settings::{LifecycleSettings, LogSettings, Settings, TraceSettings};
use super::value::Reader;
use super::{Config, ConfigError, LogFormat};

impl Settings {
    /// Resolves a configuration against the environment, which is read through `var`.
    ///
    /// # Errors
    ///
    /// Returns every mistake there is, not the first.
    pub(crate) fn resolve(
        config: &Config,
        var: &dyn Fn(&str) -> Option<String>,
        terminal: bool,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader::new(var);
        let attributes = reader.pairs(env::OTEL_RESOURCE_ATTRIBUTES);
        let attribute = |key: &str| {
            let found = attributes.iter().rev().find(|(found, _)| found == key);
            found
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())
        };
        let name = reader
            .text(env::OTEL_SERVICE_NAME)
            .or_else(|| attribute("service.name"))
            .unwrap_or_else(|| config.service.name.trim().to_owned());
        if name.is_empty() {
            reader.errors.push(ConfigError::EmptyServiceName);
        }
        let version = config
            .service
            .version
            .clone()
            .or_else(|| attribute("service.version"));
        let environment = config
            .environment
            .clone()
            .or_else(|| attribute("deployment.environment.name"));
        let named = [
            ("service.name", Some(&name)),
            ("service.version", version.as_ref()),
            ("deployment.environment.name", environment.as_ref()),
        ];
        let named = named
            .into_iter()
            .filter_map(|(key, value)| Some(KeyValue::new(key, value?.clone())));
        let others = attributes
            .iter()
            .map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let resource = Resource::builder_empty()
            .with_attributes(others.chain(SDK.map(|(key, value)| KeyValue::new(key, value))))
            .with_attributes(named)
            .build();

        let logs = logs(config, &mut reader, terminal);
        let traces = traces(config, &mut reader, resource);
        #[cfg(feature = "sentry")]
        let sentry = sentry(
            config,
            &mut reader,
            &name,
            version.as_deref(),
            environment.as_deref(),
        );
        let lifecycle = lifecycle(config, &mut reader);
        let known_methods = known_methods(&reader);
        let Reader {
            errors, warnings, ..
        } = reader;
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            name,
            version,
            environment,
            known_methods,
            logs,
            traces,
            #[cfg(feature = "sentry")]
            sentry,
            lifecycle,
            warnings,
        })
    }
}

fn logs(config: &Config, reader: &mut Reader<'_>, terminal: bool) -> LogSettings {
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
    LogSettings {
        filter,
        format,
        colours: terminal && reader.text(env::NO_COLOR).is_none(),
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

#[cfg_attr(
    not(feature = "otlp"),
    expect(unused_variables, reason = "without `otlp` no code sets an endpoint")
)]
fn traces(config: &Config, reader: &mut Reader<'_>, resource: Resource) -> TraceSettings {
    let sampler = sampler(reader);
    #[cfg(feature = "otlp")]
    let otlp = otlp(config, reader);
    #[cfg(feature = "otlp")]
    let exported = otlp.is_some();
    #[cfg(not(feature = "otlp"))]
    let exported = false;
    TraceSettings {
        resource,
        // What is exported nowhere is not recorded. It has ids nevertheless, for logs and error reports.
        sampler: if exported {
            sampler
        } else {
            Sampler::AlwaysOff
        },
        #[cfg(feature = "otlp")]
        otlp,
    }
}

fn sampler(reader: &mut Reader<'_>) -> Sampler {
    let ratio = reader.number(&[env::OTEL_TRACES_SAMPLER_ARG], 1.0, 0.0..=1.0);
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    let Some(text) = reader.text(env::OTEL_TRACES_SAMPLER) else {
        return parent_based(Sampler::AlwaysOn);
    };
    match text.to_ascii_lowercase().as_str() {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(ratio),
        "parentbased_always_on" => parent_based(Sampler::AlwaysOn),
        "parentbased_always_off" => parent_based(Sampler::AlwaysOff),
        "parentbased_traceidratio" => parent_based(Sampler::TraceIdRatioBased(ratio)),
        _ => {
            reader.warn(format!(
                "{} is `{text}`; using parentbased_always_on",
                env::OTEL_TRACES_SAMPLER
            ));
            parent_based(Sampler::AlwaysOn)
        }
    }
}

#[cfg(feature = "otlp")]
fn otlp(config: &Config, reader: &mut Reader<'_>) -> Option<OtlpSettings> {
    let disabled = reader.switch(env::OTEL_SDK_DISABLED);
    let endpoint = otlp_endpoint(config, reader);
    let headers = otlp_headers(reader);
    let millis = |reader: &mut Reader<'_>, names: &[&'static str], default, range| {
        Duration::from_millis(reader.number(names, default, range))
    };
    let timeouts = [
        env::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
        env::OTEL_EXPORTER_OTLP_TIMEOUT,
    ];
    let timeout = millis(reader, &timeouts, 10_000, 1..=60_000);
    let delay = millis(reader, &[env::OTEL_BSP_SCHEDULE_DELAY], 5_000, 100..=60_000);
    let queue = reader.number(&[env::OTEL_BSP_MAX_QUEUE_SIZE], 2_048, 1..=65_536);
    let batch = reader.number(
        &[env::OTEL_BSP_MAX_EXPORT_BATCH_SIZE],
        queue.min(512),
        1..=queue,
    );
    if disabled || !otlp_is_exporter(reader) || !otlp_speaks_http(reader) {
        return None;
    }
    Some(OtlpSettings {
        endpoint: endpoint?,
        headers,
        timeout,
        queue,
        batch,
        delay,
    })
}

#[cfg(feature = "otlp")]
fn otlp_endpoint(config: &Config, reader: &mut Reader<'_>) -> Option<http::Uri> {
    let base = |text: &str| format!("{}/v1/traces", text.trim_end_matches('/'));
    let variables = [
        env::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
        env::OTEL_EXPORTER_OTLP_ENDPOINT,
    ];
    let (setting, address) = match &config.otlp_endpoint {
        Some(set) => ("Config::otlp_endpoint", base(set)),
        None => match reader.first(&variables)? {
            (env::OTEL_EXPORTER_OTLP_ENDPOINT, text) => {
                (env::OTEL_EXPORTER_OTLP_ENDPOINT, base(&text))
            }
            (variable, text) => (variable, text),
        },
    };
    let endpoint = super::value::endpoint(setting, &address);
    endpoint.map_err(|error| reader.errors.push(error)).ok()
}

#[cfg(feature = "otlp")]
fn otlp_headers(reader: &mut Reader<'_>) -> Vec<(String, super::Secret)> {
    let own = reader.pairs(env::OTEL_EXPORTER_OTLP_TRACES_HEADERS);
    let pairs = if own.is_empty() {
        reader.pairs(env::OTEL_EXPORTER_OTLP_HEADERS)
    } else {
        own
    };
    let valid = |(name, value): &(String, String)| {
        name.parse::<http::HeaderName>().is_ok() && value.parse::<http::HeaderValue>().is_ok()
    };
    let (valid, invalid): (Vec<_>, Vec<_>) = pairs.into_iter().partition(valid);
    for (name, _) in invalid {
        reader.warn(format!(
            "the header `{}` of the exporter is malformed, and is not sent",
            name.escape_debug()
        ));
    }
    valid
        .into_iter()
        .map(|(name, value)| (name, super::Secret::new(value)))
        .collect()
}

#[cfg(feature = "otlp")]
fn otlp_is_exporter(reader: &mut Reader<'_>) -> bool {
    let text = reader
        .text(env::OTEL_TRACES_EXPORTER)
        .unwrap_or_else(|| "otlp".into());
    match text.to_ascii_lowercase().as_str() {
        "otlp" => true,
        "none" => false,
        _ => {
            reader.warn(format!(
                "{} is `{text}`; using otlp",
                env::OTEL_TRACES_EXPORTER
            ));
            true
        }
    }
}

/// Tells whether the protocol is ours. Sending HTTP to the port of another protocol would fail for ever.
#[cfg(feature = "otlp")]
fn otlp_speaks_http(reader: &mut Reader<'_>) -> bool {
    let set = reader.text(env::OTEL_EXPORTER_OTLP_PROTOCOL);
    let ours = set
        .as_deref()
        .is_none_or(|text| text.eq_ignore_ascii_case("http/protobuf"));
    if let Some(text) = set.filter(|_| !ours) {
        let name = env::OTEL_EXPORTER_OTLP_PROTOCOL;
        reader.warn(format!(
            "{name} is `{text}`, which is not supported: no span is exported; set `http/protobuf`"
        ));
    }
    ours
}

#[cfg(feature = "sentry")]
fn sentry(
    config: &Config,
    reader: &mut Reader<'_>,
    name: &str,
    version: Option<&str>,
    environment: Option<&str>,
) -> Option<SentrySettings> {
    let set = config
        .sentry_dsn
        .clone()
        .map(|dsn| ("Config::sentry_dsn", dsn));
    let variable = || {
        Some((
            env::SENTRY_DSN,
            super::Secret::new(reader.text(env::SENTRY_DSN)?),
        ))
    };
    let (setting, dsn) = set.or_else(variable)?;
    if let Err(error) = valid_dsn(setting, dsn.expose()) {
        reader.errors.push(error);
        return None;
    }
    let release = || version.map(|version| format!("{name}@{version}"));
    let environment = || environment.unwrap_or("production").to_owned();
    Some(SentrySettings {
        dsn,
        release: reader.text(env::SENTRY_RELEASE).or_else(release),
        environment: reader
            .text(env::SENTRY_ENVIRONMENT)
            .unwrap_or_else(environment),
    })
}

#[cfg(feature = "sentry")]
fn valid_dsn(setting: &'static str, text: &str) -> Result<(), ConfigError> {
    let invalid = |reason: String| ConfigError::InvalidDsn { setting, reason };
    let dsn: sentry_core::types::Dsn = text
        .parse()
        .map_err(|error| invalid(reason_without_value(&error)))?;
    match super::value::endpoint(setting, dsn.envelope_api_url().as_str()) {
        Err(ConfigError::InvalidEndpoint { reason, .. }) => Err(invalid(reason.into())),
        other => other.map(|_| ()),
    }
}

/// Says what is wrong with a DSN without any part of it: the parser's own words may quote one.
#[cfg(feature = "sentry")]
fn reason_without_value(error: &sentry_core::types::ParseDsnError) -> String {
    use sentry_core::types::ParseDsnError;
    match error {
        ParseDsnError::InvalidUrl => "it is no URL".into(),
        ParseDsnError::InvalidScheme => "it starts with neither `http://` nor `https://`".into(),
        ParseDsnError::NoUsername => "it has no public key".into(),
        ParseDsnError::NoProjectId => "it has no project id".into(),
        ParseDsnError::InvalidProjectId(_) => "its project id is malformed".into(),
    }
}

fn lifecycle(config: &Config, reader: &mut Reader<'_>) -> LifecycleSettings {
    let in_kubernetes = reader.text(env::KUBERNETES_SERVICE_HOST).is_some();
    let delay = if in_kubernetes {
        Duration::from_secs(5)
    } else {
        Duration::ZERO
    };
    let hour = Duration::from_hours(1);
    LifecycleSettings {
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
    }
}

fn known_methods(reader: &Reader<'_>) -> Option<Vec<String>> {
    let text = reader.text(env::OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS)?;
    let methods = text
        .split(',')
        .map(str::trim)
        .filter(|method| !method.is_empty());
    Some(methods.map(ToOwned::to_owned).collect())
}

/// What the resource says of the library that made the spans, by the semantic conventions.
const SDK: [(&str, &str); 3] = [
    ("telemetry.sdk.name", "opentelemetry"),
    ("telemetry.sdk.language", "rust"),
    ("telemetry.distro.name", "radiosonde"),
];
