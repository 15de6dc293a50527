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
    /// Tempo, which keeps traces. Defaults to `http://tempo:3200`.
    pub tempo: String,
    /// Loki, which keeps log lines. Defaults to `http://loki:3100`.
    pub loki: String,
}

impl Default for DataSources {
    fn default() -> Self {
        Self {
            prometheus: "http://prometheus:9090".to_owned(),
            tempo: "http://tempo:3200".to_owned(),
            loki: "http://loki:3100".to_owned(),
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
    let sources = [
        source(
            "Prometheus",
            "prometheus",
            PROMETHEUS,
            &addresses.prometheus,
        )
        .with("isDefault", true)
        .with("jsonData", prometheus(options.scrape_interval)),
        source("Tempo", "tempo", TEMPO, &addresses.tempo).with("jsonData", tempo(options.naming)),
        source("Loki", "loki", LOKI, &addresses.loki).with("jsonData", loki()),
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
fn prometheus(scrape_interval: Duration) -> Yaml {
    let exemplar = Yaml::map()
        .with("name", "trace_id")
        .with("datasourceUid", TEMPO)
        .with("urlDisplayLabel", "Trace");
    Yaml::map()
        .with("httpMethod", "POST")
        .with("timeInterval", written(scrape_interval))
        .with("exemplarTraceIdDestinations", Yaml::list([exemplar]))
}

/// A span leads to the log lines of its trace, and to the rate and the time of its route.
fn tempo(naming: Naming) -> Yaml {
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
fn loki() -> Yaml {
    let trace = Yaml::map()
        .with("name", "Trace")
        .with("matcherType", "label")
        .with("matcherRegex", "trace_id")
        .with("url", escaped("${__value.raw}"))
        .with("datasourceUid", TEMPO)
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
const TEMPO: &str = "radiosonde-tempo";
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
        let options = Options {
            naming: Naming::OpenTelemetry,
            ..Options::default()
        };
        let sources = data_sources(&options).document();
        for uid in [PROMETHEUS, TEMPO, LOKI] {
            assert_eq!(sources.matches(&format!(" uid: {uid}")).count(), 1, "{uid}");
            assert!(sources.contains(&format!("datasourceUid: {uid}")), "{uid}");
        }
        assert!(sources.contains("value: http_route"), "{sources}");
    }
}
