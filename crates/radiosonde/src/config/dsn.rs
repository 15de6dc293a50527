//! Where a Sentry project is, and what lets one in.

use http::Uri;

use super::value::endpoint;
use super::{ConfigError, Secret};

/// A DSN, taken apart: `https://<key>@<host>/<project>`, with a path before the project where Sentry is not at the root.
#[derive(Debug, Clone)]
pub(crate) struct Dsn {
    /// Where envelopes are posted.
    pub(crate) envelopes: Uri,
    /// The host and the port, which are no secret.
    pub(crate) host: String,
    /// The value of the header that authorises.
    pub(crate) authorization: Secret,
}

impl Dsn {
    /// Takes a DSN apart.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, without any part of it.
    pub(super) fn parse(setting: &'static str, text: &str) -> Result<Self, ConfigError> {
        let invalid = |reason: &str| ConfigError::InvalidDsn {
            setting,
            reason: reason.into(),
        };
        let text = text.trim();
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| invalid("it is no URL"))?;
        let (authority, path) = rest
            .split_once('/')
            .ok_or_else(|| invalid("it has no project id"))?;
        let (user, host) = authority
            .rsplit_once('@')
            .ok_or_else(|| invalid("it has no public key"))?;
        // What follows a colon was a second key once, and is still written by some.
        let (key, secret) = match user.split_once(':') {
            Some((key, secret)) => (key, Some(secret).filter(|secret| !secret.is_empty())),
            None => (user, None),
        };
        if key.is_empty() {
            return Err(invalid("it has no public key"));
        }
        let path = path.trim_end_matches('/');
        let (prefix, project) = path
            .rsplit_once('/')
            .map_or(("", path), |(prefix, project)| (prefix, project));
        if project.is_empty() {
            return Err(invalid("it has no project id"));
        }
        if !project.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(invalid("its project id is malformed"));
        }
        let slash = if prefix.is_empty() { "" } else { "/" };
        let url = format!("{scheme}://{host}/{prefix}{slash}api/{project}/envelope/");
        let envelopes = endpoint(setting, &url).map_err(|error| match error {
            ConfigError::InvalidEndpoint { reason, .. } => invalid(reason),
            other => other,
        })?;
        let authorization = authorization(key, secret);
        if http::HeaderValue::from_str(&authorization).is_err() {
            return Err(invalid("its public key is malformed"));
        }
        Ok(Self {
            envelopes,
            host: host.to_owned(),
            authorization: Secret::new(authorization),
        })
    }
}

fn authorization(key: &str, secret: Option<&str>) -> String {
    let secret = secret
        .map(|secret| format!(", sentry_secret={secret}"))
        .unwrap_or_default();
    let client = concat!("radiosonde/", env!("CARGO_PKG_VERSION"));
    format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={key}{secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn envelopes(dsn: &str) -> String {
        Dsn::parse("SENTRY_DSN", dsn).unwrap().envelopes.to_string()
    }

    #[test]
    fn envelopes_go_below_the_path_of_the_server() {
        assert_eq!(
            envelopes("http://key@localhost:9000/42"),
            "http://localhost:9000/api/42/envelope/"
        );
        assert_eq!(
            envelopes("http://key:secret@sentry.example.com/behind/a/proxy/42/"),
            "http://sentry.example.com/behind/a/proxy/api/42/envelope/"
        );
    }

    #[test]
    fn the_keys_are_sent_and_not_shown() {
        let dsn = Dsn::parse("SENTRY_DSN", "http://public:private@localhost/1").unwrap();
        let header = dsn.authorization.expose();
        assert!(header.starts_with("Sentry sentry_version=7, "), "{header}");
        assert!(
            header.ends_with("sentry_key=public, sentry_secret=private"),
            "{header}"
        );
        let shown = format!("{dsn:?}");
        assert!(
            !shown.contains("public") && !shown.contains("private"),
            "{shown}"
        );
    }
}
