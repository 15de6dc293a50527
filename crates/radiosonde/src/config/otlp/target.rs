//! Where one signal goes, and how.

use std::time::Duration;

use super::signal::Signal;
#[cfg(feature = "otlp-grpc")]
use super::signal::set_of;
use super::tls::tls_files;
use crate::config::value::{Reader, endpoint};
use crate::config::{Config, Secret, env};
use crate::io::TlsFiles;

/// Where one signal goes, and how.
#[derive(Debug, Clone)]
pub(crate) struct OtlpTarget {
    pub(crate) endpoint: http::Uri,
    pub(crate) protocol: OtlpProtocol,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) gzip: bool,
    pub(crate) tls: TlsFiles,
    /// How long one export may take, tries and pauses included.
    pub(crate) timeout: Duration,
}

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtlpProtocol {
    /// As bodies of requests, in protobuf.
    Http,
    /// As calls of gRPC.
    #[cfg(feature = "otlp-grpc")]
    Grpc,
}

impl OtlpProtocol {
    pub(crate) fn needs_http2(self) -> bool {
        match self {
            Self::Http => false,
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => true,
        }
    }
}

impl std::fmt::Display for OtlpProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http => "http/protobuf",
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => "grpc",
        })
    }
}

impl OtlpTarget {
    /// Returns `None` when the signal is not exported.
    pub(super) fn resolve(
        config: &Config,
        reader: &mut Reader<'_>,
        signal: &Signal,
    ) -> Option<Self> {
        let disabled = reader.switch(env::OTEL_SDK_DISABLED);
        if disabled || !signal.is_exported(reader) {
            return None;
        }
        let protocol = protocol_of(reader, signal);
        let endpoint = endpoint_of(config, reader, signal, protocol?);
        let headers = headers_of(reader, signal);
        let gzip = is_compressed(reader, signal);
        let timeout = reader.milliseconds(&signal.either(|of| of.timeout), 10_000, 1..=60_000);
        let endpoint = endpoint?;
        let tls = match endpoint.scheme_str() {
            Some("https") => tls_files(reader, signal),
            _ => TlsFiles {
                unused: true,
                ..TlsFiles::default()
            },
        };
        Some(Self {
            endpoint,
            protocol: protocol?,
            headers,
            gzip,
            tls,
            timeout,
        })
    }
}

fn endpoint_of(
    config: &Config,
    reader: &mut Reader<'_>,
    signal: &Signal,
    protocol: OtlpProtocol,
) -> Option<http::Uri> {
    let (setting, address) = match &config.otlp_endpoint {
        Some(set) => ("Config::otlp_endpoint", set.expose().to_owned()),
        None => reader.first(&signal.either(|of| of.endpoint))?,
    };
    let address = match protocol {
        OtlpProtocol::Http => address,
        #[cfg(feature = "otlp-grpc")]
        OtlpProtocol::Grpc => with_scheme(address, reader, signal),
    };
    let address = endpoint(setting, &address)
        .map_err(|error| reader.error(error))
        .ok()?;
    match protocol {
        // The variable for one signal is used as it is.
        OtlpProtocol::Http if setting == signal.own.endpoint => Some(address),
        OtlpProtocol::Http => below(address, signal.path),
        #[cfg(feature = "otlp-grpc")]
        OtlpProtocol::Grpc => with_path(address, signal.method),
    }
}

/// Completes an address of gRPC, which may be a host and a port alone.
#[cfg(feature = "otlp-grpc")]
fn with_scheme(address: String, reader: &mut Reader<'_>, signal: &Signal) -> String {
    if address.contains("://") {
        return address;
    }
    let insecure = set_of(reader, signal.either(|of| of.insecure));
    let scheme = if reader.switch(insecure) {
        "http"
    } else {
        "https"
    };
    format!("{scheme}://{address}")
}

/// Returns an address below that of a collector.
fn below(collector: http::Uri, path: &str) -> Option<http::Uri> {
    let query = collector
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let path = format!("{}{path}{query}", collector.path().trim_end_matches('/'));
    with_path(collector, &path)
}

fn with_path(collector: http::Uri, path: &str) -> Option<http::Uri> {
    let mut parts = collector.into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    http::Uri::from_parts(parts).ok()
}

fn headers_of(reader: &mut Reader<'_>, signal: &Signal) -> Vec<(String, Secret)> {
    let [own, general] = signal.either(|of| of.headers);
    let own = reader.pairs(own);
    let pairs = if own.is_empty() {
        reader.pairs(general)
    } else {
        own
    };
    let valid = |(name, value): &(String, String)| {
        name.parse::<http::HeaderName>().is_ok() && value.parse::<http::HeaderValue>().is_ok()
    };
    let (valid, invalid): (Vec<_>, Vec<_>) = pairs.into_iter().partition(valid);
    if !invalid.is_empty() {
        // Neither part is shown: a name that is none may be a secret in the wrong place.
        reader.warn(format!(
            "{} headers of the exporter are malformed, and are not sent",
            invalid.len()
        ));
    }
    valid
        .into_iter()
        .map(|(name, value)| (name, Secret::new(value)))
        .collect()
}

fn is_compressed(reader: &mut Reader<'_>, signal: &Signal) -> bool {
    let compression = signal.either(|of| of.compression);
    reader.word(&compression, &["none", "gzip"]) == "gzip"
}

/// Returns the protocol, or `None` when it is one that this build does not have: sending HTTP to its port would fail for
/// ever.
#[cfg_attr(
    feature = "otlp-grpc",
    expect(clippy::unnecessary_wraps, reason = "without gRPC it may be missing")
)]
fn protocol_of(reader: &mut Reader<'_>, signal: &Signal) -> Option<OtlpProtocol> {
    let Some((name, text)) = reader.first(&signal.either(|of| of.protocol)) else {
        return Some(OtlpProtocol::Http);
    };
    match text.to_ascii_lowercase().as_str() {
        "http/protobuf" => Some(OtlpProtocol::Http),
        #[cfg(feature = "otlp-grpc")]
        "grpc" => Some(OtlpProtocol::Grpc),
        #[cfg(not(feature = "otlp-grpc"))]
        "grpc" => {
            let items = signal.items;
            reader.warn(format!(
                "{name} is `{text}`, and this build has no gRPC: no {items} are exported; turn on the feature `otlp-grpc` of the crate radiosonde, or set `http/protobuf`"
            ));
            None
        }
        // The same port takes both encodings.
        _ => {
            reader.warn(format!("{name} is `{text}`; using http/protobuf"));
            Some(OtlpProtocol::Http)
        }
    }
}
