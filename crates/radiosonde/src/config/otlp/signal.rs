//! The variables of each signal.

use crate::config::env;
use crate::config::value::Reader;

/// One signal: its variables, and its place at a collector.
pub(super) struct Signal {
    /// What is exported, in the plural.
    #[cfg_attr(
        feature = "otlp-grpc",
        expect(dead_code, reason = "all protocols are there")
    )]
    pub(super) items: &'static str,
    pub(super) exporter: &'static str,
    /// Where else its items may go.
    pub(super) elsewhere: &'static [&'static str],
    pub(super) own: Variables,
    /// Where it goes below the address of a collector.
    pub(super) path: &'static str,
    /// The method that takes it over gRPC.
    #[cfg_attr(
        not(feature = "otlp-grpc"),
        expect(dead_code, reason = "there is no gRPC")
    )]
    pub(super) method: &'static str,
}

impl Signal {
    /// Returns the variable of the signal, and the one for all signals.
    pub(super) fn either(&self, of: impl Fn(&Variables) -> &'static str) -> [&'static str; 2] {
        [of(&self.own), of(&GENERAL)]
    }
}

/// The variables that there are for all signals together and for each of them.
pub(super) struct Variables {
    pub(super) endpoint: &'static str,
    pub(super) protocol: &'static str,
    pub(super) headers: &'static str,
    pub(super) timeout: &'static str,
    pub(super) compression: &'static str,
    pub(super) certificate: &'static str,
    pub(super) client_certificate: &'static str,
    pub(super) client_key: &'static str,
    #[cfg_attr(
        not(feature = "otlp-grpc"),
        expect(dead_code, reason = "an address over HTTP says so itself")
    )]
    pub(super) insecure: &'static str,
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

pub(super) const TRACES: Signal = Signal {
    items: "spans",
    exporter: env::OTEL_TRACES_EXPORTER,
    elsewhere: &[CONSOLE],
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

pub(super) const METRICS: Signal = Signal {
    items: "metrics",
    exporter: env::OTEL_METRICS_EXPORTER,
    // Prometheus scrapes the endpoint whatever is set here.
    elsewhere: &[CONSOLE, "prometheus"],
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

pub(super) const LOGS: Signal = Signal {
    items: "log records",
    exporter: env::OTEL_LOGS_EXPORTER,
    // Lines are written whatever is set here.
    elsewhere: &[CONSOLE],
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

/// Returns the variable of the signal if it is set, else the one for all signals.
#[cfg(feature = "otlp-grpc")]
pub(super) fn set_of(reader: &Reader<'_>, [own, general]: [&'static str; 2]) -> &'static str {
    if reader.text(own).is_some() {
        own
    } else {
        general
    }
}

impl Signal {
    /// Tells whether the signal goes to a collector. A list of exporters is one where another is named as well.
    pub(super) fn is_exported(&self, reader: &mut Reader<'_>) -> bool {
        let Some(text) = reader.text(self.exporter) else {
            return true;
        };
        let words = text.split(',').map(str::trim);
        let (known, unknown): (Vec<_>, Vec<_>) = words.partition(|word| self.knows(word));
        if known.is_empty() {
            reader.warn(format!("{} is `{text}`; using otlp", self.exporter));
            return true;
        }
        for word in unknown.into_iter().filter(|word| !word.is_empty()) {
            reader.warn(format!(
                "{} names `{word}`, which is no exporter here, and is ignored",
                self.exporter
            ));
        }
        names(&text, "otlp")
    }

    fn knows(&self, word: &str) -> bool {
        let known = ["otlp", "none"];
        let mut known = known.iter().chain(self.elsewhere);
        known.any(|known| word.eq_ignore_ascii_case(known))
    }

    /// Tells whether the signal goes to the log.
    pub(super) fn is_printed(&self, reader: &mut Reader<'_>) -> bool {
        let disabled = reader.switch(env::OTEL_SDK_DISABLED);
        let text = reader.text(self.exporter);
        !disabled && text.is_some_and(|text| names(&text, CONSOLE))
    }
}

/// Tells whether a list of exporters names one.
fn names(list: &str, name: &str) -> bool {
    let mut words = list.split(',').map(str::trim);
    words.any(|word| word.eq_ignore_ascii_case(name))
}

/// What stands for the log.
const CONSOLE: &str = "console";
