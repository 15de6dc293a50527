//! Series that are always 1, for the sake of their labels.

use radiosonde_catalog::Metric;

use crate::Registry;
use crate::family::Instrument;

/// Adds a series of an info metric of the catalogue that is 1 for ever: its labels are what it says.
///
/// For [`TARGET_INFO`](radiosonde_catalog::TARGET_INFO) and [`BUILD_INFO`](radiosonde_catalog::BUILD_INFO). Unlike those
/// of other metrics, their labels are free: names are spelled as Prometheus takes them, `service.name` as
/// `service_name`. A set with a reserved name, or with two names that are spelled alike, is refused as a whole and counted.
/// Other labels in a second call make a second series.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::TARGET_INFO;
/// use radiosonde_metrics::{Registry, collect};
///
/// let registry = Registry::new();
/// collect::info(&registry, &TARGET_INFO, [("service.name", "checkout"), ("service.version", "1.4.2")]);
///
/// let line = r#"target_info{service_name="checkout",service_version="1.4.2"} 1"#;
/// assert!(registry.render().contains(line));
/// ```
pub fn info<'a>(
    registry: &Registry,
    metric: &Metric,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    registry.describe(metric.name(), metric.unit().otel(), metric.help());
    let found = registry.instrument(metric.kind(), metric.name(), None, labels.into_iter());
    match found {
        Ok((Instrument::Gauge(gauge), _)) => gauge.set(1.0),
        Ok(_) => {}
        Err(refusal) => registry.refuse(refusal, metric.name()),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::{BUILD_INFO, TARGET_INFO};

    use super::*;

    #[test]
    fn attributes_are_labels_as_prometheus_spells_them() {
        let registry = Registry::new();
        let labels = [
            ("service", "checkout"),
            ("version", "1.4.2"),
            ("k8s.pod-name", "a\"b"),
        ];
        info(&registry, &BUILD_INFO, labels);
        let text = registry.render();
        let expected = concat!(
            "# TYPE build_info gauge\n",
            "build_info{k8s_pod_name=\"a\\\"b\",service=\"checkout\",version=\"1.4.2\"} 1\n",
        );
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn attributes_that_are_spelled_alike_are_refused_and_counted() {
        let registry = Registry::new();
        info(&registry, &TARGET_INFO, [("a.b", "1"), ("a_b", "2")]);
        let text = registry.render();
        assert!(!text.contains("target_info{"), "{text}");
        assert!(text.contains("reason=\"duplicate_label\"} 1\n"), "{text}");
    }
}
