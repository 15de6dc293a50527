//! Where the data of the boards comes from, and where the boards are.
//!
//! Grafana reads these files when it starts. It fills in variables of the environment, so that a `$` that is meant for it
//! later is written twice.

use std::time::Duration;

use radiosonde_catalog::{HTTP_REQUEST_DURATION, HTTP_REQUESTS};
use serde::Deserialize;

use crate::duration::written;
use crate::yaml::Yaml;
use crate::{Naming, Options, Origin, Tree};

/// The addresses at which Grafana finds what the boards show.
///
/// # Examples
///
/// ```
/// use radiosonde_stack::{DataSources, Options};
///
/// let mut options = Options::default();
/// assert_eq!(options.data_sources.prometheus, "http://prometheus:9090");
/// options.data_sources.tempo = "http://tempo.monitoring:3200".to_owned();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct DataSources {
    /// Prometheus, or what answers like it. Defaults to `http://prometheus:9090`.
    pub prometheus: String,
    /// What keeps traces, and where links to traces lead. Defaults to Tempo.
    pub traces: TraceStore,
    /// Tempo, where that keeps traces. Defaults to `http://tempo:3200`.
    pub tempo: String,
    /// Jaeger, where that keeps traces. Defaults to `http://jaeger:16686`.
    pub jaeger: String,
    /// Loki, which keeps log lines. Defaults to `http://loki:3100`.
    pub loki: String,
}

impl Default for DataSources {
    fn default() -> Self {
        Self {
            prometheus: "http://prometheus:9090".to_owned(),
            traces: TraceStore::Tempo,
            tempo: "http://tempo:3200".to_owned(),
            jaeger: "http://jaeger:16686".to_owned(),
            loki: "http://loki:3100".to_owned(),
        }
    }
}

/// What keeps traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TraceStore {
    /// Tempo, which is asked in `TraceQL`.
    #[default]
    Tempo,
    /// Jaeger. It looks for traces of one service at a time, so a link from a board where several are chosen asks for one that
    /// does not exist.
    Jaeger,
}

impl TraceStore {
    /// Returns what Grafana calls it.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Tempo => "tempo",
            Self::Jaeger => "jaeger",
        }
    }

    const fn uid(self) -> &'static str {
        match self {
            Self::Tempo => "radiosonde-tempo",
            Self::Jaeger => "radiosonde-jaeger",
        }
    }
}

/// Writes both files.
pub(super) fn write(options: &Options, origin: &Origin, tree: &mut Tree) {
    let path = |kind: &str| format!("grafana/provisioning/{kind}/radiosonde.yml");
    tree.add(
        path("datasources"),
        origin,
        &data_sources(options).document(),
    );
    tree.add(path("dashboards"), origin, &dashboards().document());
}

fn data_sources(options: &Options) -> Yaml {
    let addresses = &options.data_sources;
    let store = addresses.traces;
    let (name, address) = match store {
        TraceStore::Tempo => ("Tempo", &addresses.tempo),
        TraceStore::Jaeger => ("Jaeger", &addresses.jaeger),
    };
    let sources = [
        source(
            "Prometheus",
            "prometheus",
            PROMETHEUS,
            &addresses.prometheus,
        )
        .with("isDefault", true)
        .with("jsonData", prometheus(options.scrape_interval, store)),
        source(name, store.kind(), store.uid(), address).with("jsonData", traces(options.naming)),
        source("Loki", "loki", LOKI, &addresses.loki).with("jsonData", loki(store)),
    ];
    Yaml::map()
        .with("apiVersion", number(1))
        .with("datasources", Yaml::list(sources))
}

fn source(name: &str, kind: &str, uid: &str, url: &str) -> Yaml {
    Yaml::map()
        .with("name", name)
        .with("uid", uid)
        .with("type", kind)
        .with("access", "proxy")
        .with("url", escaped(url))
        .with("editable", false)
}

/// Exemplars lead to their trace. The interval is that of the scrapes, below which a rate has nothing to say.
fn prometheus(scrape_interval: Duration, store: TraceStore) -> Yaml {
    let exemplar = Yaml::map()
        .with("name", "trace_id")
        .with("datasourceUid", store.uid())
        .with("urlDisplayLabel", "Trace");
    Yaml::map()
        .with("httpMethod", "POST")
        .with("timeInterval", written(scrape_interval))
        .with("exemplarTraceIdDestinations", Yaml::list([exemplar]))
}

/// A span leads to the log lines of its trace, and to the rate and the time of its route.
fn traces(naming: Naming) -> Yaml {
    let logs = Yaml::map()
        .with("datasourceUid", LOKI)
        .with("spanStartTimeShift", "-5m")
        .with("spanEndTimeShift", "5m")
        .with("customQuery", true)
        .with("query", escaped(LOGS_OF_TRACE));
    let tag = |key: &str, label: String| Yaml::map().with("key", key).with("value", label);
    let tags = [
        tag("service.name", "job".to_owned()),
        tag("http.route", naming.label(&HTTP_REQUESTS, "route")),
    ];
    let query =
        |name: &str, query: &str| Yaml::map().with("name", name).with("query", escaped(query));
    let selected = |series: String| format!("{series}{{$__tags}}");
    let rate = format!("sum(rate({}[5m]))", selected(naming.metric(&HTTP_REQUESTS)));
    let buckets = selected(format!("{}_bucket", naming.metric(&HTTP_REQUEST_DURATION)));
    let slowest = format!("histogram_quantile(0.95, sum by (le) (rate({buckets}[5m])))");
    let metrics = Yaml::map()
        .with("datasourceUid", PROMETHEUS)
        .with("spanStartTimeShift", "-30m")
        .with("spanEndTimeShift", "30m")
        .with("tags", Yaml::list(tags))
        .with(
            "queries",
            Yaml::list([query("Requests", &rate), query("p95", &slowest)]),
        );
    Yaml::map()
        .with("tracesToLogsV2", logs)
        .with("tracesToMetrics", metrics)
        .with("nodeGraph", Yaml::map().with("enabled", true))
}

/// A log line leads to its trace, whose id it carries beside the text.
fn loki(store: TraceStore) -> Yaml {
    let trace = Yaml::map()
        .with("name", "Trace")
        .with("matcherType", "label")
        .with("matcherRegex", "trace_id")
        .with("url", escaped("${__value.raw}"))
        .with("datasourceUid", store.uid())
        .with("urlDisplayLabel", "Trace");
    Yaml::map().with("derivedFields", Yaml::list([trace]))
}

/// The boards are files: what is changed in the browser cannot be saved over them.
fn dashboards() -> Yaml {
    let provider = Yaml::map()
        .with("name", "radiosonde")
        .with("folder", "Radiosonde")
        .with("folderUid", "radiosonde")
        .with("type", "file")
        .with("disableDeletion", true)
        .with("allowUiUpdates", false)
        .with("updateIntervalSeconds", number(30))
        .with(
            "options",
            Yaml::map().with("path", "/etc/grafana/dashboards"),
        );
    Yaml::map()
        .with("apiVersion", number(1))
        .with("providers", Yaml::list([provider]))
}

fn number(number: u32) -> Yaml {
    Yaml::Plain(number.to_string())
}

/// Keeps Grafana from filling in variables when it starts.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

const PROMETHEUS: &str = "radiosonde-prometheus";
const LOKI: &str = "radiosonde-loki";

const LOGS_OF_TRACE: &str =
    r#"{service_name="${__span.tags["service.name"]}"} | trace_id="${__trace.traceId}""#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_grafana_fills_in_later_are_kept_from_it_at_the_start() {
        let mut options = Options::default();
        options.data_sources.tempo = "http://$TEMPO".to_owned();
        let sources = data_sources(&options).document();
        let dollars = sources.matches('$').count();
        assert_eq!(sources.matches("$$").count() * 2, dollars, "{sources}");
        assert!(
            sources.contains("http_requests_total{$$__tags}"),
            "{sources}"
        );
    }

    #[test]
    fn every_source_that_is_named_is_there() {
        for (store, other) in [(TraceStore::Tempo, "jaeger"), (TraceStore::Jaeger, "tempo")] {
            let mut options = Options {
                naming: Naming::OpenTelemetry,
                ..Options::default()
            };
            options.data_sources.traces = store;
            let sources = data_sources(&options).document();
            for uid in [PROMETHEUS, store.uid(), LOKI] {
                assert_eq!(sources.matches(&format!(" uid: {uid}")).count(), 1, "{uid}");
                assert!(sources.contains(&format!("datasourceUid: {uid}")), "{uid}");
            }
            assert!(sources.contains("value: http_route"), "{sources}");
            // A link into a store that is not there would lead nowhere.
            assert!(!sources.contains(other), "{sources}");
        }
    }
}
