//! Where the endpoints are, and who sees what.

use radiosonde_axum::{AdminToken, EndpointOptions, Paths, Route};

use super::value::Reader;
use super::{Config, ConfigError, Secret, env};

/// What code set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exposure {
    pub(crate) paths: Option<Paths>,
    pub(crate) routes: Vec<Route>,
    pub(crate) admin_addr: Option<String>,
    pub(crate) admin_token: Option<Secret>,
    pub(crate) probe_addr: Option<String>,
}

/// What holds.
#[derive(Debug)]
pub(crate) struct ExposureSettings {
    pub(crate) endpoints: EndpointOptions,
    /// Addresses that a listener takes.
    pub(crate) admin_addr: Option<String>,
    pub(crate) probe_addr: Option<String>,
}

impl ExposureSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        let Exposure {
            paths,
            routes,
            admin_addr,
            admin_token,
            probe_addr,
        } = config.exposure.clone();
        let admin_addr = address(
            ("Config::admin_addr", admin_addr),
            env::RADIOSONDE_ADMIN_ADDR,
            reader,
        );
        let probe_addr = address(
            ("Config::probe_addr", probe_addr),
            env::RADIOSONDE_PROBE_ADDR,
            reader,
        );
        let token = token(admin_token, reader);
        if let Some(address) = &admin_addr
            && token.is_none()
            && !is_loopback(address)
        {
            reader.warn(format!(
                "administrators are listened for on {address} without a token: whoever reaches it is one; set {}",
                env::RADIOSONDE_ADMIN_TOKEN
            ));
        }
        let mut endpoints = EndpointOptions::new()
            .paths(checked(paths, reader))
            .admin_listener(admin_addr.is_some());
        if let Some(token) = token {
            endpoints = endpoints.admin_token(token);
        }
        for route in routes {
            endpoints = endpoints.route(route);
        }
        Self {
            endpoints,
            admin_addr,
            probe_addr,
        }
    }
}

/// Reads an address to listen on. A port alone means the loopback address.
fn address(
    (method, set): (&'static str, Option<String>),
    name: &'static str,
    reader: &mut Reader<'_>,
) -> Option<String> {
    let (setting, value) = match (set, reader.text(name)) {
        (Some(set), _) => (method, set),
        (None, found) => (name, found?),
    };
    let (host, port) = value.rsplit_once(':').unwrap_or(("", &value));
    // One that holds a colon of its own stands in brackets, or its end would be taken for the port.
    let is_host = !host.contains(':') || (host.starts_with('[') && host.ends_with(']'));
    if port.parse::<u16>().is_err() || !is_host || host.contains(char::is_whitespace) {
        reader
            .errors
            .push(ConfigError::InvalidAddress { setting, value });
        return None;
    }
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    Some(format!("{host}:{port}"))
}

fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

fn token(set: Option<Secret>, reader: &mut Reader<'_>) -> Option<AdminToken> {
    let (setting, secret) = match set {
        Some(set) => ("Config::admin_token", set),
        None => {
            let found = reader.text(env::RADIOSONDE_ADMIN_TOKEN)?;
            (env::RADIOSONDE_ADMIN_TOKEN, Secret::new(found))
        }
    };
    let token = AdminToken::new(secret.expose());
    if token.is_err() {
        reader.errors.push(ConfigError::InvalidToken { setting });
    }
    token.ok()
}

/// Returns the paths that code set, else those of the environment, if they can stand beside each other.
fn checked(set: Option<Paths>, reader: &mut Reader<'_>) -> Paths {
    let paths = set.unwrap_or_else(|| {
        let mut paths = Paths::new();
        for (name, put) in PATHS {
            if let Some(path) = reader.text(name) {
                paths = put(paths, path);
            }
        }
        paths
    });
    match paths.check() {
        Ok(()) => paths,
        Err(error) => {
            let value = error.path;
            reader.errors.push(ConfigError::InvalidPath { value });
            Paths::new()
        }
    }
}

type Put = fn(Paths, String) -> Paths;

const PATHS: [(&str, Put); 4] = [
    (env::RADIOSONDE_LIVE_PATH, |paths, path| paths.live(path)),
    (env::RADIOSONDE_READY_PATH, |paths, path| paths.ready(path)),
    (env::RADIOSONDE_HEALTH_PATH, |paths, path| {
        paths.health(path)
    }),
    (env::RADIOSONDE_METRICS_PATH, |paths, path| {
        paths.metrics(path)
    }),
];
