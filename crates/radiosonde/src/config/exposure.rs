//! Where the endpoints are, and who sees what.

use std::net::IpAddr;

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
            .paths(paths.unwrap_or_else(|| paths_of(reader)))
            .admin_listener(admin_addr.is_some());
        if let Some(token) = token {
            endpoints = endpoints.admin_token(token);
        }
        for route in routes {
            endpoints = endpoints.route(route);
        }
        if let Err(error) = endpoints.check() {
            let value = error.path;
            reader.errors.push(ConfigError::InvalidPath { value });
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
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn token(set: Option<Secret>, reader: &mut Reader<'_>) -> Option<AdminToken> {
    let (setting, secret) = if let Some(set) = set {
        ("Config::admin_token", set)
    } else {
        let found = reader.text(env::RADIOSONDE_ADMIN_TOKEN)?;
        (env::RADIOSONDE_ADMIN_TOKEN, Secret::new(found))
    };
    let token = AdminToken::new(secret.expose());
    if token.is_err() {
        reader.errors.push(ConfigError::InvalidToken { setting });
    }
    token.ok()
}

/// Reads the paths of the environment.
fn paths_of(reader: &Reader<'_>) -> Paths {
    let set = PATHS
        .iter()
        .filter_map(|(name, put)| Some((put, reader.text(name)?)));
    set.fold(Paths::new(), |paths, (put, path)| put(paths, path))
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
