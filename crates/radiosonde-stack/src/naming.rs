//! How Prometheus spells what the catalogue names.

use radiosonde_catalog::{Kind, METRICS, Metric};
use serde::Deserialize;

use crate::{MetricKind, ServiceMetric};

/// The spelling of metrics and labels in the Prometheus that the stack is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Naming {
    /// As `/metrics` spells them: `http_requests_total{route="/"}`.
    #[default]
    Prometheus,
    /// As Prometheus spells what arrives over OTLP, by its translation `UnderscoreEscapingWithSuffixes`:
    /// `http_server_requests_total{http_route="/"}`.
    OpenTelemetry,
}

impl Naming {
    /// Returns the name of a metric in this spelling: of a histogram, without `_bucket`, `_sum` or `_count`.
    #[must_use]
    pub fn metric(self, metric: &Metric) -> String {
        match self {
            Self::Prometheus => metric.name().to_owned(),
            Self::OpenTelemetry => translated(
                metric.otel_name(),
                metric.unit().prometheus(),
                metric.kind() == Kind::Counter,
            ),
        }
    }

    /// Returns a label of a metric in this spelling. What is no label of the metric, such as `job`, stays as it is.
    #[must_use]
    pub fn label(self, metric: &Metric, label: &str) -> String {
        let index = metric.labels().iter().position(|key| *key == label);
        match (self, index) {
            (Self::OpenTelemetry, Some(index)) => underscored(metric.otel_labels()[index]),
            _ => label.to_owned(),
        }
    }

    /// Returns the name of a metric that a service declares, and those of its labels, in this spelling.
    pub(crate) fn declared(self, metric: &ServiceMetric) -> (String, Vec<String>) {
        match self {
            Self::Prometheus => (metric.name.clone(), metric.labels.clone()),
            Self::OpenTelemetry => {
                let is_counter = metric.kind == MetricKind::Counter;
                let name = translated(&metric.otel_name, metric.unit.word(), is_counter);
                let labels = metric.otel_labels.iter();
                (name, labels.map(|label| underscored(label)).collect())
            }
        }
    }
}

/// Finds the metric of Radiosonde that a series in the default spelling belongs to, and what follows its name.
pub(crate) fn metric_of(series: &str) -> Option<(&'static Metric, &str)> {
    METRICS.iter().find_map(|metric| {
        let suffix = series.strip_prefix(metric.name())?;
        let fits = match metric.kind() {
            Kind::Histogram => matches!(suffix, "" | "_bucket" | "_sum" | "_count"),
            _ => suffix.is_empty(),
        };
        fits.then_some((*metric, suffix))
    })
}

/// Appends the unit and, to a counter, `_total`, unless the name has them, as Prometheus does.
fn translated(otel_name: &str, unit: &str, is_counter: bool) -> String {
    let mut name = underscored(otel_name);
    for word in [unit, if is_counter { "total" } else { "" }] {
        if !word.is_empty() && !name.split('_').any(|part| part == word) {
            name.push('_');
            name.push_str(word);
        }
    }
    name
}

fn underscored(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

#[cfg(test)]
mod tests {
    use radiosonde_catalog::{HTTP_REQUEST_DURATION, HTTP_REQUESTS, TOKIO_BUSY_RATIO};

    use super::*;

    #[test]
    fn the_default_spelling_is_that_of_the_scrape() {
        assert_eq!(
            Naming::Prometheus.metric(&HTTP_REQUESTS),
            "http_requests_total"
        );
        assert_eq!(Naming::Prometheus.label(&HTTP_REQUESTS, "route"), "route");
    }

    #[test]
    fn over_otlp_names_get_their_unit_and_total_once() {
        let spelled = |metric| Naming::OpenTelemetry.metric(metric);
        assert_eq!(spelled(&HTTP_REQUESTS), "http_server_requests_total");
        assert_eq!(
            spelled(&HTTP_REQUEST_DURATION),
            "http_server_request_duration_seconds"
        );
        assert_eq!(spelled(&TOKIO_BUSY_RATIO), "tokio_busy_ratio");
    }

    #[test]
    fn over_otlp_labels_are_those_of_the_conventions() {
        let label = |label| Naming::OpenTelemetry.label(&HTTP_REQUESTS, label);
        assert_eq!(label("route"), "http_route");
        assert_eq!(label("job"), "job");
    }

    #[test]
    fn the_series_of_a_histogram_belong_to_it() {
        let of = |series| metric_of(series).map(|(metric, suffix)| (metric.name(), suffix));
        assert_eq!(
            of("http_request_duration_seconds_bucket"),
            Some(("http_request_duration_seconds", "_bucket"))
        );
        assert_eq!(of("http_requests_total_bucket"), None);
        assert_eq!(of("up"), None);
    }
}
