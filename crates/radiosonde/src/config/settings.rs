//! What holds: everything that is set, resolved.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

#[cfg(feature = "sentry")]
use super::SentrySettings;
#[cfg(feature = "slo")]
use super::SloSettings;
use super::resource::detect;
use super::value::Reader;
use super::{
    Config, ConfigError, LifecycleSettings, LogSettings, MetricSettings, RequestSettings,
    TraceSettings, env,
};
#[cfg(feature = "axum")]
use super::{ConnectionSettings, ExposureSettings};

/// Everything that `init` needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) environment: Option<String>,
    /// Whether the resource has an id of this process that nobody gave it.
    pub(crate) instance_is_made: bool,
    pub(crate) metrics: MetricSettings,
    pub(crate) requests: RequestSettings,
    #[cfg(feature = "slo")]
    pub(crate) slos: SloSettings,
    pub(crate) logs: LogSettings,
    pub(crate) traces: TraceSettings,
    #[cfg(feature = "sentry")]
    pub(crate) sentry: Option<SentrySettings>,
    pub(crate) lifecycle: LifecycleSettings,
    #[cfg(feature = "axum")]
    pub(crate) connections: ConnectionSettings,
    #[cfg(feature = "axum")]
    pub(crate) exposure: ExposureSettings,
    /// What was ignored, to be logged once there is a log.
    pub(crate) warnings: Vec<String>,
}

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
        let instance = (attribute(INSTANCE).is_none()).then(|| KeyValue::new(INSTANCE, uuid()));
        let instance_is_made = instance.is_some();
        let resource = Resource::builder_empty()
            .with_attributes(detect(var, &|path| std::fs::read_to_string(path).ok()))
            .with_attributes(instance)
            .with_attributes(others)
            .with_detector(Box::new(TelemetryResourceDetector))
            .with_attributes(DISTRO.map(|(key, value)| KeyValue::new(key, value)))
            .with_attributes(named)
            .build();

        let logs = LogSettings::resolve(config, &mut reader, terminal);
        let metrics = MetricSettings::resolve(config, &mut reader);
        let traces = TraceSettings::resolve(config, &mut reader, resource);
        #[cfg(feature = "sentry")]
        let sentry = SentrySettings::resolve(
            config,
            &mut reader,
            &name,
            version.as_deref(),
            environment.as_deref(),
        );
        for variable in env::WITHOUT_EFFECT {
            reader.without_effect(variable);
        }
        let lifecycle = LifecycleSettings::resolve(config, &mut reader);
        #[cfg(feature = "axum")]
        let connections = ConnectionSettings::resolve(config, &mut reader);
        #[cfg(feature = "axum")]
        let exposure = ExposureSettings::resolve(config, &mut reader);
        let requests = RequestSettings::resolve(config, &mut reader);
        #[cfg(feature = "slo")]
        let slos = SloSettings::resolve(config, &mut reader);
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
            instance_is_made,
            metrics,
            requests,
            #[cfg(feature = "slo")]
            slos,
            logs,
            traces,
            #[cfg(feature = "sentry")]
            sentry,
            lifecycle,
            #[cfg(feature = "axum")]
            connections,
            #[cfg(feature = "axum")]
            exposure,
            warnings,
        })
    }
}

/// Makes a random UUID, version 4: two processes that export under one identity would overwrite each other's totals.
fn uuid() -> String {
    let random = fastrand::u128(..);
    let version_and_variant = random & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{version_and_variant:032x}");
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

/// The attribute that tells the processes of one service apart.
pub(crate) const INSTANCE: &str = "service.instance.id";

/// What the resource says of us beside what it says of the SDK, by the semantic conventions.
const DISTRO: [(&str, &str); 2] = [
    ("telemetry.distro.name", "radiosonde"),
    ("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
];
