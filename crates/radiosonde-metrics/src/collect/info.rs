//! Series that are always 1, for the sake of their labels.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use radiosonde_catalog::{BUILD_INFO, Metric};

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

/// Adds the series of [`BUILD_INFO`] with these labels and with `catalog_hash`: the hash of the
/// [`catalogue`](Registry::catalogue), by which what was made from it tells whether it is up to date.
///
/// There is one such series at any time: when the service declares another metric before it [serves](Registry::settle),
/// it has another hash.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Registry, collect};
///
/// let registry = Registry::new();
/// collect::build_info(&registry, &[("service", "checkout"), ("version", "1.4.2")]);
///
/// let hash = registry.catalogue().hash();
/// let line = format!("build_info{{catalog_hash=\"{hash}\",service=\"checkout\",version=\"1.4.2\"}} 1\n");
/// assert!(registry.render().contains(&line));
/// ```
pub fn build_info(registry: &Registry, labels: &[(&str, &str)]) {
    registry.describe(
        BUILD_INFO.name(),
        BUILD_INFO.unit().otel(),
        BUILD_INFO.help(),
    );
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let labels: Vec<(String, String)> = labels.iter().map(owned).collect();
    let shown = AtomicU64::new(u64::MAX);
    let show = move |registry: &Registry| {
        // Before the hash is made: what changes meanwhile is another revision, and is shown the next time.
        let revision = registry.known().revision();
        if shown.swap(revision, Relaxed) == revision {
            return;
        }
        let hash = registry.catalogue().hash();
        let labels = labels
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let labels = labels.chain([("catalog_hash", hash.as_str())]);
        if let Err(refusal) = registry.replace(&BUILD_INFO, labels, 1.0) {
            registry.refuse(refusal, BUILD_INFO.name());
        }
    };
    show(registry);
    // The registry must not keep itself.
    let weak = registry.downgrade();
    registry.before_reading(move || {
        if let Some(registry) = Registry::upgraded(&weak) {
            show(&registry);
        }
    });
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::{HTTP_ERRORS, SERIES, TARGET_INFO};

    use super::*;
    use crate::Value;

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

    #[test]
    fn the_hash_follows_what_the_service_declares() {
        const PAID: Metric = Metric::counter("orders_paid_total");
        let registry = Registry::new();
        build_info(&registry, &[("service", "checkout")]);
        let hashes = || {
            let series = registry.series(BUILD_INFO.name());
            let labels = series.into_iter().flat_map(|series| series.labels);
            let hashes = labels.filter(|(key, _)| key == "catalog_hash");
            hashes.map(|(_, hash)| hash).collect::<Vec<_>>()
        };
        let before = hashes();
        assert_eq!(before, [registry.catalogue().hash()]);
        registry.counter(&PAID, &[]).increment(1);
        let after = hashes();
        assert_eq!(after, [registry.catalogue().hash()]);
        assert_ne!(before, after);
        // One that there was, and that has a label more.
        registry.declare(&HTTP_ERRORS.with_added_label("tenant", "tenant"));
        assert_eq!(hashes(), [registry.catalogue().hash()]);
        assert_ne!(hashes(), after);
        // One series was replaced by one, and one was added.
        let told = registry.series(SERIES.name()).remove(0).value;
        assert_eq!(told, Value::Number(2.0));
    }
}
