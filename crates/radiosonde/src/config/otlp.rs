//! Settings of the export to a collector.

use std::time::Duration;

use super::value::{Reader, endpoint};
use super::{Config, Secret, env};

/// The collector.
#[derive(Debug, Clone)]
pub(crate) struct OtlpSettings {
    pub(crate) endpoint: http::Uri,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) timeout: Duration,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) delay: Duration,
}

impl OtlpSettings {
    /// Returns `None` when nothing is exported.
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let disabled = reader.switch(env::OTEL_SDK_DISABLED);
        if disabled || !is_exporter(reader) {
            return None;
        }
        let endpoint = endpoint_of(config, reader);
        let headers = headers_of(reader);
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
        if !speaks_http(reader) {
            return None;
        }
        Some(Self {
            endpoint: endpoint?,
            headers,
            timeout,
            queue,
            batch,
            delay,
        })
    }
}

fn endpoint_of(config: &Config, reader: &mut Reader<'_>) -> Option<http::Uri> {
    let variables = [
        env::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
        env::OTEL_EXPORTER_OTLP_ENDPOINT,
    ];
    let (setting, address) = match &config.otlp_endpoint {
        Some(set) => ("Config::otlp_endpoint", set.expose().to_owned()),
        None => reader.first(&variables)?,
    };
    let address = endpoint(setting, &address)
        .map_err(|error| reader.errors.push(error))
        .ok()?;
    // The variable for traces is used as it is.
    if setting == env::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT {
        Some(address)
    } else {
        below(address)
    }
}

/// Returns the address for spans below that of a collector.
fn below(collector: http::Uri) -> Option<http::Uri> {
    let query = collector
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let path = format!(
        "{}/v1/traces{query}",
        collector.path().trim_end_matches('/')
    );
    let mut parts = collector.into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    http::Uri::from_parts(parts).ok()
}

fn headers_of(reader: &mut Reader<'_>) -> Vec<(String, Secret)> {
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

fn is_exporter(reader: &mut Reader<'_>) -> bool {
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
fn speaks_http(reader: &mut Reader<'_>) -> bool {
    let set = reader.first(&[
        env::OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
        env::OTEL_EXPORTER_OTLP_PROTOCOL,
    ]);
    let ours = set
        .as_ref()
        .is_none_or(|(_, text)| text.eq_ignore_ascii_case("http/protobuf"));
    if let Some((name, text)) = set.filter(|_| !ours) {
        reader.warn(format!(
            "{name} is `{text}`, which is not supported: no span is exported; set `http/protobuf`"
        ));
    }
    ours
}
