//! Settings of the export to a collector.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::value::{Reader, endpoint};
use super::{Config, ConfigError, Secret, env};
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
    fn resolve(config: &Config, reader: &mut Reader<'_>, signal: &Signal) -> Option<Self> {
        let disabled = reader.switch(env::OTEL_SDK_DISABLED);
        if disabled || !is_exporter(reader, signal) {
            return None;
        }
        let protocol = protocol_of(reader, signal);
        let endpoint = endpoint_of(config, reader, signal, protocol?);
        let headers = headers_of(reader, signal);
        let gzip = is_compressed(reader, signal);
        let timeout = milliseconds(reader, &signal.either(|of| of.timeout), 10_000, 1..=60_000);
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

/// How items of a signal are batched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batches {
    /// How many may wait.
    pub(crate) queue: usize,
    /// How many are sent at once, at most.
    pub(crate) batch: usize,
    /// How long one waits for others.
    pub(crate) delay: Duration,
}

impl Batches {
    /// Reads the four variables of a batch processor; its timeout also bounds that of the export.
    fn resolve(
        reader: &mut Reader<'_>,
        target: &mut OtlpTarget,
        [delay, timeout, queue, batch]: [&'static str; 4],
        default_delay: u64,
    ) -> Self {
        let delay = milliseconds(reader, &[delay], default_delay, 100..=60_000);
        let timeout = milliseconds(reader, &[timeout], 30_000, 1..=60_000);
        target.timeout = target.timeout.min(timeout);
        let queue = reader.number(&[queue], 2_048, 1..=65_536);
        let batch = reader.number(&[batch], queue.min(512), 1..=queue);
        Self {
            queue,
            batch,
            delay,
        }
    }
}

/// The export of spans.
#[derive(Debug, Clone)]
pub(crate) struct SpanExport {
    pub(crate) target: OtlpTarget,
    pub(crate) batches: Batches,
    /// How long a value of an attribute may be, in bytes.
    pub(crate) value_length: usize,
}

impl SpanExport {
    /// Returns `None` when no span is exported.
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let mut target = OtlpTarget::resolve(config, reader, &TRACES)?;
        let variables = [
            env::OTEL_BSP_SCHEDULE_DELAY,
            env::OTEL_BSP_EXPORT_TIMEOUT,
            env::OTEL_BSP_MAX_QUEUE_SIZE,
            env::OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
        ];
        let batches = Batches::resolve(reader, &mut target, variables, 5_000);
        let value_length = [
            env::OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            env::OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT,
        ];
        Some(Self {
            target,
            batches,
            value_length: reader.number(&value_length, 1_024, 0..=65_536),
        })
    }
}

/// The export of log records.
#[derive(Debug, Clone)]
pub(crate) struct LogExport {
    pub(crate) target: OtlpTarget,
    pub(crate) batches: Batches,
    pub(crate) limits: AttributeLimits,
}

/// How much attributes may say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttributeLimits {
    pub(crate) count: usize,
    /// In bytes.
    pub(crate) value_length: usize,
}

impl LogExport {
    /// Returns `None` when no log record is exported.
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let mut target = OtlpTarget::resolve(config, reader, &LOGS)?;
        let variables = [
            env::OTEL_BLRP_SCHEDULE_DELAY,
            env::OTEL_BLRP_EXPORT_TIMEOUT,
            env::OTEL_BLRP_MAX_QUEUE_SIZE,
            env::OTEL_BLRP_MAX_EXPORT_BATCH_SIZE,
        ];
        let batches = Batches::resolve(reader, &mut target, variables, 1_000);
        let count = [
            env::OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT,
            env::OTEL_ATTRIBUTE_COUNT_LIMIT,
        ];
        let value_length = [
            env::OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            env::OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT,
        ];
        let limits = AttributeLimits {
            count: reader.number(&count, 128, 0..=1_000),
            value_length: reader.number(&value_length, 1_024, 0..=65_536),
        };
        Some(Self {
            target,
            batches,
            limits,
        })
    }
}

/// The export of metrics.
#[derive(Debug, Clone)]
pub(crate) struct MetricExport {
    pub(crate) target: OtlpTarget,
    pub(crate) interval: Duration,
}

impl MetricExport {
    /// Returns `None` when no metric is exported.
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let mut target = OtlpTarget::resolve(config, reader, &METRICS)?;
        let interval = [env::OTEL_METRIC_EXPORT_INTERVAL];
        let interval = milliseconds(reader, &interval, 60_000, 100..=86_400_000);
        let timeout = [env::OTEL_METRIC_EXPORT_TIMEOUT];
        let timeout = milliseconds(reader, &timeout, 30_000, 1..=60_000);
        target.timeout = target.timeout.min(timeout);
        reader.word(
            env::OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE,
            &["cumulative"],
        );
        Some(Self { target, interval })
    }
}

/// One signal: its variables, and its place at a collector.
struct Signal {
    /// What is exported, in the plural.
    #[cfg_attr(
        feature = "otlp-grpc",
        expect(dead_code, reason = "all protocols are there")
    )]
    items: &'static str,
    exporter: &'static str,
    /// Where else its items may go, which happens in any case.
    elsewhere: &'static str,
    own: Variables,
    /// Where it goes below the address of a collector.
    path: &'static str,
    /// The method that takes it over gRPC.
    #[cfg_attr(
        not(feature = "otlp-grpc"),
        expect(dead_code, reason = "there is no gRPC")
    )]
    method: &'static str,
}

impl Signal {
    /// Returns the variable of the signal, and the one for all signals.
    fn either(&self, of: impl Fn(&Variables) -> &'static str) -> [&'static str; 2] {
        [of(&self.own), of(&GENERAL)]
    }
}

/// The variables that there are for all signals together and for each of them.
struct Variables {
    endpoint: &'static str,
    protocol: &'static str,
    headers: &'static str,
    timeout: &'static str,
    compression: &'static str,
    certificate: &'static str,
    client_certificate: &'static str,
    client_key: &'static str,
    #[cfg_attr(
        not(feature = "otlp-grpc"),
        expect(dead_code, reason = "an address over HTTP says so itself")
    )]
    insecure: &'static str,
}

const GENERAL: Variables = Variables {
    endpoint: env::OTEL_EXPORTER_OTLP_ENDPOINT,
    protocol: env::OTEL_EXPORTER_OTLP_PROTOCOL,
    headers: env::OTEL_EXPORTER_OTLP_HEADERS,
    timeout: env::OTEL_EXPORTER_OTLP_TIMEOUT,
    compression: env::OTEL_EXPORTER_OTLP_COMPRESSION,
    certificate: env::OTEL_EXPORTER_OTLP_CERTIFICATE,
    client_certificate: env::OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE,
    client_key: env::OTEL_EXPORTER_OTLP_CLIENT_KEY,
    insecure: env::OTEL_EXPORTER_OTLP_INSECURE,
};

const TRACES: Signal = Signal {
    items: "spans",
    exporter: env::OTEL_TRACES_EXPORTER,
    elsewhere: "none",
    own: Variables {
        endpoint: env::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
        protocol: env::OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
        headers: env::OTEL_EXPORTER_OTLP_TRACES_HEADERS,
        timeout: env::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
        compression: env::OTEL_EXPORTER_OTLP_TRACES_COMPRESSION,
        certificate: env::OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE,
        client_certificate: env::OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE,
        client_key: env::OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY,
        insecure: env::OTEL_EXPORTER_OTLP_TRACES_INSECURE,
    },
    path: "/v1/traces",
    method: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
};

const METRICS: Signal = Signal {
    items: "metrics",
    exporter: env::OTEL_METRICS_EXPORTER,
    // Prometheus scrapes the endpoint whatever is set here.
    elsewhere: "prometheus",
    own: Variables {
        endpoint: env::OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
        protocol: env::OTEL_EXPORTER_OTLP_METRICS_PROTOCOL,
        headers: env::OTEL_EXPORTER_OTLP_METRICS_HEADERS,
        timeout: env::OTEL_EXPORTER_OTLP_METRICS_TIMEOUT,
        compression: env::OTEL_EXPORTER_OTLP_METRICS_COMPRESSION,
        certificate: env::OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE,
        client_certificate: env::OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE,
        client_key: env::OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY,
        insecure: env::OTEL_EXPORTER_OTLP_METRICS_INSECURE,
    },
    path: "/v1/metrics",
    method: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
};

const LOGS: Signal = Signal {
    items: "log records",
    exporter: env::OTEL_LOGS_EXPORTER,
    // Lines are written whatever is set here.
    elsewhere: "console",
    own: Variables {
        endpoint: env::OTEL_EXPORTER_OTLP_LOGS_ENDPOINT,
        protocol: env::OTEL_EXPORTER_OTLP_LOGS_PROTOCOL,
        headers: env::OTEL_EXPORTER_OTLP_LOGS_HEADERS,
        timeout: env::OTEL_EXPORTER_OTLP_LOGS_TIMEOUT,
        compression: env::OTEL_EXPORTER_OTLP_LOGS_COMPRESSION,
        certificate: env::OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE,
        client_certificate: env::OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE,
        client_key: env::OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY,
        insecure: env::OTEL_EXPORTER_OTLP_LOGS_INSECURE,
    },
    path: "/v1/logs",
    method: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

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
    let compression = set_of(reader, signal.either(|of| of.compression));
    reader.word(compression, &["none", "gzip"]) == "gzip"
}

/// Returns the variable of the signal if it is set, else the one for all signals.
fn set_of(reader: &Reader<'_>, [own, general]: [&'static str; 2]) -> &'static str {
    if reader.text(own).is_some() {
        own
    } else {
        general
    }
}

/// Returns the files for TLS, which are read once to see whether they will do.
fn tls_files(reader: &mut Reader<'_>, signal: &Signal) -> TlsFiles {
    let file = |of: fn(&Variables) -> &'static str| {
        let (setting, path) = reader.first(&signal.either(of))?;
        Some((setting, PathBuf::from(path)))
    };
    let authorities = file(|of| of.certificate);
    let certificate = file(|of| of.client_certificate);
    let key = file(|of| of.client_key);
    let mut check = |setting: &'static str, files: TlsFiles| {
        if let Err(reason) = files.check() {
            reader.error(ConfigError::InvalidCertificate { setting, reason });
        }
        files
    };
    let mut files = TlsFiles::default();
    if let Some((setting, path)) = authorities {
        let authorities = Some(path);
        files.authorities = check(
            setting,
            TlsFiles {
                authorities,
                ..TlsFiles::default()
            },
        )
        .authorities;
    }
    match (certificate, key) {
        (Some((setting, certificate)), Some((_, key))) => {
            let client = Some((certificate, key));
            files.client = check(
                setting,
                TlsFiles {
                    client,
                    ..TlsFiles::default()
                },
            )
            .client;
        }
        (None, None) => {}
        (Some((setting, _)), None) | (None, Some((setting, _))) => {
            reader.error(ConfigError::InvalidCertificate {
                setting,
                reason: "a certificate of the client and its key come together".into(),
            });
        }
    }
    files
}

/// Tells whether the signal goes to a collector. A list of exporters is one where another is named as well.
fn is_exporter(reader: &mut Reader<'_>, signal: &Signal) -> bool {
    let Some(text) = reader.text(signal.exporter) else {
        return true;
    };
    let words: Vec<_> = text.split(',').map(str::trim).collect();
    let names = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    if names("otlp") || names("none") || names(signal.elsewhere) {
        return names("otlp");
    }
    reader.warn(format!("{} is `{text}`; using otlp", signal.exporter));
    true
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

fn milliseconds(
    reader: &mut Reader<'_>,
    names: &[&'static str],
    default: u64,
    range: RangeInclusive<u64>,
) -> Duration {
    Duration::from_millis(reader.number(names, default, range))
}
