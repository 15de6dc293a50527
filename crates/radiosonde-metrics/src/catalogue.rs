//! The metrics that a registry knows of, as data.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use radiosonde_catalog::{METRICS, Metric, json_of};

use crate::Registry;
use crate::canonical::Refusal;

impl Registry {
    /// Returns what is known of the metrics of this registry, in the order of their names: those of Radiosonde, whether
    /// they are recorded or not, and those that the service has made from a [`Metric`] of its own.
    ///
    /// Metrics of the `metrics` facade are not among them: nobody says beforehand what they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_catalog::Metric;
    /// use radiosonde_metrics::Registry;
    ///
    /// const PAID: Metric = Metric::counter("orders_paid_total").with_help("Orders that were paid.");
    ///
    /// let registry = Registry::new();
    /// assert!(!registry.catalogue().contains(&PAID));
    /// registry.counter(&PAID, &[]).increment(1);
    /// assert!(registry.catalogue().contains(&PAID));
    /// ```
    #[must_use]
    pub fn catalogue(&self) -> Vec<Metric> {
        self.known().metrics().values().copied().collect()
    }

    /// Returns the [`catalogue`](Self::catalogue) as JSON, with its hash in front: see
    /// [`radiosonde_catalog::json`](radiosonde_catalog::json()).
    #[must_use]
    pub fn catalogue_json(&self) -> String {
        json_of(&self.catalogue())
    }
}

/// The metrics by name. The first to claim a name says what it means.
#[derive(Debug)]
pub(crate) struct Catalogue(Mutex<BTreeMap<&'static str, Metric>>);

impl Catalogue {
    /// Tells whether the metric is new, and refuses one whose name has another kind or other labels here.
    pub(crate) fn is_new(&self, metric: &Metric) -> Result<bool, Refusal> {
        match self.metrics().get(metric.name()) {
            Some(known) if known.kind() != metric.kind() => Err(Refusal::NameTaken),
            Some(known) if known.labels() != metric.labels() => Err(Refusal::WrongLabels),
            known => Ok(known.is_none()),
        }
    }

    /// Adds a metric that is new.
    pub(crate) fn add(&self, metric: &Metric) {
        self.metrics().entry(metric.name()).or_insert(*metric);
    }

    fn metrics(&self) -> MutexGuard<'_, BTreeMap<&'static str, Metric>> {
        // Nothing panics under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        let ours = METRICS.iter().map(|metric| (metric.name(), **metric));
        Self(Mutex::new(ours.collect()))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::{HTTP_ERRORS, hash, json};

    use super::*;

    const DEPTH: Metric = Metric::gauge("belt_depth").with_labels(&["belt"]);

    #[test]
    fn it_is_that_of_radiosonde_until_the_service_adds_to_it() {
        let registry = Registry::new();
        let names = |registry: &Registry| -> Vec<_> {
            let catalogue = registry.catalogue().into_iter();
            catalogue.map(|metric| metric.name()).collect()
        };
        assert!(names(&registry).is_sorted());
        assert_eq!(registry.catalogue_json().len(), json().len());
        assert!(registry.catalogue_json().contains(&hash()));

        registry.gauge(&DEPTH, &["north"]).set(1.0);
        registry.gauge(&DEPTH, &["south"]).set(1.0);
        assert!(names(&registry).is_sorted());
        assert_eq!(registry.catalogue().len(), METRICS.len() + 1);
        assert!(
            registry
                .catalogue_json()
                .contains("\"name\":\"belt_depth\"")
        );
    }

    #[test]
    fn one_name_has_one_meaning() {
        let registry = Registry::new();
        registry.gauge(&DEPTH, &["north"]).set(1.0);
        let other = [
            registry.gauge(&Metric::gauge("belt_depth").with_labels(&["line"]), &["a"]),
            registry.gauge(&Metric::gauge("belt_depth"), &[]),
        ];
        for gauge in other {
            gauge.set(1.0);
        }
        registry
            .up_down_counter(
                &Metric::up_down_counter("belt_depth").with_labels(&["belt"]),
                &["a"],
            )
            .add(1);
        let errors = Metric::counter("http_errors_total").with_labels(&["team"]);
        registry.counter(&errors, &["a"]).increment(1);

        assert_eq!(registry.series("belt_depth").len(), 1);
        assert!(registry.series("http_errors_total").is_empty());
        assert!(registry.catalogue().contains(&HTTP_ERRORS));
        let text = registry.render();
        assert!(text.contains("reason=\"wrong_labels\"} 3\n"), "{text}");
        assert!(text.contains("reason=\"name_taken\"} 1\n"), "{text}");
    }

    #[test]
    fn what_the_registry_refused_is_not_in_it() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || {
            metrics::counter!("belt_depth").increment(1);
        });
        registry.gauge(&DEPTH, &["north"]).set(1.0);
        assert!(!registry.catalogue().contains(&DEPTH));
    }
}
