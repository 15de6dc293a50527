//! Settings of the export to a collector.

use std::time::Duration;

use super::value::{Reader, endpoint};
use super::{Config, Secret, env};

/// Where one signal goes.
#[derive(Debug, Clone)]
pub(crate) struct OtlpTarget {
    pub(crate) endpoint: http::Uri,
    pub(crate) headers: Vec<(String, Secret)>,
    /// How long one exchange may take.
    pub(crate) timeout: Duration,
}

impl OtlpTarget {
    /// Returns `None` when the signal is not exported.
    fn resolve(config: &Config, reader: &mut Reader<'_>, signal: &Signal) -> Option<Self> {
        let disabled = reader.switch(env::OTEL_SDK_DISABLED);
        if disabled || !is_exporter(reader, signal) {
            return None;
        }
        let endpoint = endpoint_of(config, reader, signal);
        let headers = headers_of(reader, signal);
        let timeouts = [signal.timeout, env::OTEL_EXPORTER_OTLP_TIMEOUT];
        let timeout = milliseconds(reader, &timeouts, 10_000, 1..=60_000);
        if !speaks_http(reader, signal) {
            return None;
        }
        Some(Self {
            endpoint: endpoint?,
            headers,
            timeout,
        })
    }
}

/// The export of spans.
#[derive(Debug, Clone)]
pub(crate) struct SpanExport {
    pub(crate) target: OtlpTarget,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) delay: Duration,
}

impl SpanExport {
    /// Returns `None` when no span is exported.
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let target = OtlpTarget::resolve(config, reader, &TRACES)?;
        let delay = [env::OTEL_BSP_SCHEDULE_DELAY];
        let delay = milliseconds(reader, &delay, 5_000, 100..=60_000);
        let queue = reader.number(&[env::OTEL_BSP_MAX_QUEUE_SIZE], 2_048, 1..=65_536);
        let batch = reader.number(
            &[env::OTEL_BSP_MAX_EXPORT_BATCH_SIZE],
            queue.min(512),
            1..=queue,
        );
        Some(Self {
            target,
            queue,
            batch,
            delay,
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

/// The variables of one signal.
struct Signal {
    /// What is exported, in the plural.
    items: &'static str,
    exporter: &'static str,
    endpoint: &'static str,
    headers: &'static str,
    timeout: &'static str,
    protocol: &'static str,
    /// Where it goes below the address of a collector.
    path: &'static str,
}

const TRACES: Signal = Signal {
    items: "spans",
    exporter: env::OTEL_TRACES_EXPORTER,
    endpoint: env::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    headers: env::OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    timeout: env::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
    protocol: env::OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
    path: "/v1/traces",
};

const METRICS: Signal = Signal {
    items: "metrics",
    exporter: env::OTEL_METRICS_EXPORTER,
    endpoint: env::OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
    headers: env::OTEL_EXPORTER_OTLP_METRICS_HEADERS,
    timeout: env::OTEL_EXPORTER_OTLP_METRICS_TIMEOUT,
    protocol: env::OTEL_EXPORTER_OTLP_METRICS_PROTOCOL,
    path: "/v1/metrics",
};

fn endpoint_of(config: &Config, reader: &mut Reader<'_>, signal: &Signal) -> Option<http::Uri> {
    let variables = [signal.endpoint, env::OTEL_EXPORTER_OTLP_ENDPOINT];
    let (setting, address) = match &config.otlp_endpoint {
        Some(set) => ("Config::otlp_endpoint", set.expose().to_owned()),
        None => reader.first(&variables)?,
    };
    let address = endpoint(setting, &address)
        .map_err(|error| reader.error(error))
        .ok()?;
    // The variable for one signal is used as it is.
    if setting == signal.endpoint {
        Some(address)
    } else {
        below(address, signal.path)
    }
}

/// Returns an address below that of a collector.
fn below(collector: http::Uri, path: &str) -> Option<http::Uri> {
    let query = collector
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let path = format!("{}{path}{query}", collector.path().trim_end_matches('/'));
    let mut parts = collector.into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    http::Uri::from_parts(parts).ok()
}

fn headers_of(reader: &mut Reader<'_>, signal: &Signal) -> Vec<(String, Secret)> {
    let own = reader.pairs(signal.headers);
    let pairs = if own.is_empty() {
        reader.pairs(env::OTEL_EXPORTER_OTLP_HEADERS)
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

/// Tells whether the signal goes to a collector. A list of exporters is one where another is named as well.
fn is_exporter(reader: &mut Reader<'_>, signal: &Signal) -> bool {
    let Some(text) = reader.text(signal.exporter) else {
        return true;
    };
    let words: Vec<_> = text.split(',').map(str::trim).collect();
    let names = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    // Prometheus scrapes the endpoint whatever is set here.
    if names("otlp") || names("none") || names("prometheus") {
        return names("otlp");
    }
    reader.warn(format!("{} is `{text}`; using otlp", signal.exporter));
    true
}

/// Tells whether the protocol is ours. Sending HTTP to the port of another protocol would fail for ever.
fn speaks_http(reader: &mut Reader<'_>, signal: &Signal) -> bool {
    let set = reader.first(&[signal.protocol, env::OTEL_EXPORTER_OTLP_PROTOCOL]);
    let ours = set
        .as_ref()
        .is_none_or(|(_, text)| text.eq_ignore_ascii_case("http/protobuf"));
    if let Some((name, text)) = set.filter(|_| !ours) {
        let items = signal.items;
        reader.warn(format!(
            "{name} is `{text}`, which is not supported: no {items} are exported; set `http/protobuf`"
        ));
    }
    ours
}

fn milliseconds(
    reader: &mut Reader<'_>,
    names: &[&'static str],
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Duration {
    Duration::from_millis(reader.number(names, default, range))
}
