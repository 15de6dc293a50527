//! Settings of the error reports.

use sentry_core::types::{Dsn, ParseDsnError};

use super::value::{Reader, endpoint};
use super::{Config, ConfigError, Secret, env};

/// The Sentry project.
#[derive(Debug, Clone)]
pub(crate) struct SentrySettings {
    pub(crate) dsn: Secret,
    pub(crate) release: Option<String>,
    pub(crate) environment: String,
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
        if let Err(error) = valid_dsn(setting, dsn.expose()) {
            reader.errors.push(error);
            return None;
        }
        let release = || version.map(|version| format!("{name}@{version}"));
        let environment = || environment.unwrap_or("production").to_owned();
        Some(Self {
            dsn,
            release: reader.text(env::SENTRY_RELEASE).or_else(release),
            environment: reader
                .text(env::SENTRY_ENVIRONMENT)
                .unwrap_or_else(environment),
        })
    }
}

fn valid_dsn(setting: &'static str, text: &str) -> Result<(), ConfigError> {
    let invalid = |reason: String| ConfigError::InvalidDsn { setting, reason };
    let dsn: Dsn = text
        .parse()
        .map_err(|error| invalid(reason_without_value(&error)))?;
    match endpoint(setting, dsn.envelope_api_url().as_str()) {
        Err(ConfigError::InvalidEndpoint { reason, .. }) => Err(invalid(reason.into())),
        other => other.map(|_| ()),
    }
}

/// Says what is wrong with a DSN without any part of it: the parser's own words may quote one.
fn reason_without_value(error: &ParseDsnError) -> String {
    match error {
        ParseDsnError::InvalidUrl => "it is no URL".into(),
        ParseDsnError::InvalidScheme => "it starts with neither `http://` nor `https://`".into(),
        ParseDsnError::NoUsername => "it has no public key".into(),
        ParseDsnError::NoProjectId => "it has no project id".into(),
        ParseDsnError::InvalidProjectId(_) => "its project id is malformed".into(),
    }
}
