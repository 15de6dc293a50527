//! Settings of the error reports.

use http::HeaderName;

use super::dsn::Dsn;
use super::value::Reader;
use super::{Config, ConfigError, ErrorOptions, Secret, env};

/// The Sentry project, and what is reported to it.
#[derive(Debug, Clone)]
pub(crate) struct SentrySettings {
    pub(crate) dsn: Dsn,
    pub(crate) release: Option<String>,
    pub(crate) environment: String,
    pub(crate) dist: Option<String>,
    pub(crate) server_name: Option<String>,
    /// The share of events that is sent.
    pub(crate) sample_rate: f64,
    /// Whether the log tells what becomes of each report that is tried.
    pub(crate) debug: bool,
    /// The headers of requests that are told.
    pub(crate) headers: Vec<HeaderName>,
    pub(crate) options: ErrorOptions,
    /// Whether nothing leaves the process, as in a test.
    pub(crate) in_process: bool,
}

impl SentrySettings {
    /// Returns `None` when nothing is reported, or the DSN is malformed.
    pub(super) fn resolve(
        config: &Config,
        reader: &mut Reader<'_>,
        name: &str,
        version: Option<&str>,
        environment: Option<&str>,
    ) -> Option<Self> {
        let set = config
            .sentry_dsn
            .clone()
            .filter(|dsn| !dsn.expose().trim().is_empty());
        let set = set.map(|dsn| ("Config::sentry_dsn", dsn));
        let variable = || Some((env::SENTRY_DSN, Secret::new(reader.text(env::SENTRY_DSN)?)));
        let (setting, dsn) = set.or_else(variable)?;
        let dsn = match Dsn::parse(setting, dsn.expose()) {
            Ok(dsn) => dsn,
            Err(error) => {
                reader.errors.push(error);
                return None;
            }
        };
        let release = || version.map(|version| format!("{name}@{version}"));
        let environment = || environment.unwrap_or("production").to_owned();
        Some(Self {
            dsn,
            release: reader.text(env::SENTRY_RELEASE).or_else(release),
            environment: reader
                .text(env::SENTRY_ENVIRONMENT)
                .unwrap_or_else(environment),
            dist: reader.text(env::SENTRY_DIST),
            server_name: reader.text(env::HOSTNAME).or_else(host_name),
            sample_rate: reader.number(&[env::SENTRY_SAMPLE_RATE], 1.0, 0.0..=1.0),
            debug: reader.switch(env::SENTRY_DEBUG),
            headers: header_names(&config.errors.headers, reader),
            options: config.errors.clone(),
            in_process: false,
        })
    }
}

fn header_names(names: &[String], reader: &mut Reader<'_>) -> Vec<HeaderName> {
    let mut parsed = Vec::new();
    for name in names {
        match name.parse() {
            Ok(name) => parsed.push(name),
            Err(_) => reader.errors.push(ConfigError::InvalidHeaderName {
                value: name.clone(),
            }),
        }
    }
    parsed
}

/// Returns the name that the kernel has for this host, or for the container.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
