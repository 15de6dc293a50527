//! The metrics that a registry knows of, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use radiosonde_catalog::{Catalogue, Kind, METRICS, Metric};

use crate::Registry;
use crate::canonical::Refusal;

impl Registry {
    /// Returns what is known of the metrics of this registry, in the order of their names: those of Radiosonde, whether
    /// they are recorded or not, and those that the service has made from a [`Metric`] of its own; which of them have series
    /// now; and the objectives that the registry was made with.
    ///
    /// Of a histogram it says the buckets that it really has: those that [`RegistryOptions`](crate::RegistryOptions) sets,
    /// else those of its [`Metric`].
    ///
    /// Metrics of the `metrics` facade are not among them: nobody says beforehand what they are. Neither is a metric
    /// whose name in OpenTelemetry another one has already, such as `orders_sent_bytes_total` beside
    /// `orders_sent_total` when both are `orders.sent`: it is refused and counted, and what is recorded into it appears
    /// nowhere.
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
    /// assert!(!registry.catalogue().metrics().contains(&PAID));
    /// registry.counter(&PAID, &[]).increment(1);
    /// assert!(registry.catalogue().metrics().contains(&PAID));
    /// ```
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        let metrics = self.known().metrics();
        let catalogue = Catalogue::of(&metrics)
            .with_in_use(self.in_use())
            .with_late(self.known().late())
            .with_objectives(self.objectives().clone());
        let histograms = metrics
            .iter()
            .filter(|metric| metric.kind() == Kind::Histogram);
        histograms.fold(catalogue, |catalogue, histogram| {
            let name = histogram.name();
            match self.options().bounds_of(name) {
                None => catalogue,
                Some(bounds) if bounds.is_exponential() => catalogue.with_exponential(name),
                Some(bounds) => catalogue.with_bounds(name, bounds.limits()),
            }
        })
    }

    /// Says that the service has declared what it knows of beforehand and begins to serve: metrics that come later, when
    /// something is asked of it for the first time, change the [`catalogue`](Self::catalogue) and not its hash.
    ///
    /// The first call counts. Without one, every new metric is another hash.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_catalog::Metric;
    /// use radiosonde_metrics::Registry;
    ///
    /// const REFUNDED: Metric = Metric::counter("orders_refunded_total");
    ///
    /// let registry = Registry::new();
    /// registry.settle();
    /// let hash = registry.catalogue().hash();
    /// registry.counter(&REFUNDED, &[]).increment(1);
    /// assert!(registry.catalogue().metrics().contains(&REFUNDED));
    /// assert_eq!(registry.catalogue().hash(), hash);
    /// ```
    pub fn settle(&self) {
        self.known().settle();
    }

    /// Says anew what a name means, such as that a metric of Radiosonde has one more label.
    ///
    /// Do so before anything is recorded under it: what was made from another [`Metric`] of the name stays, and no more is.
    pub fn declare(&self, metric: &Metric) {
        self.known().declare(metric);
    }
}

/// The metrics by name. The first to claim a name says what it means.
#[derive(Debug)]
pub(crate) struct KnownMetrics(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Another one with each change.
    revision: u64,
    metrics: BTreeMap<&'static str, Metric>,
    /// Their names in OpenTelemetry, in small letters: there, capitals make no other name.
    otel_names: BTreeSet<String>,
    /// The names that there were when the service began to serve, once it has.
    early: Option<BTreeSet<&'static str>>,
}

impl KnownMetrics {
    /// Tells whether the metric is new.
    ///
    /// Refuses one whose name has another kind or other labels here, and a new one whose name in OpenTelemetry is that
    /// of another metric: whoever receives both could not tell them apart.
    pub(crate) fn is_new(&self, metric: &Metric) -> Result<bool, Refusal> {
        let known = self.known();
        match known.metrics.get(metric.name()) {
            Some(known) if known.kind() != metric.kind() => Err(Refusal::NameTaken),
            Some(known) if known.labels() != metric.labels() => Err(Refusal::WrongLabels),
            Some(_) => Ok(false),
            None if known.otel_names.contains(&otel_name(metric)) => Err(Refusal::NameTaken),
            None => Ok(true),
        }
    }

    /// Adds a metric that is new.
    pub(crate) fn add(&self, metric: &Metric) {
        self.known().add(metric);
    }

    fn declare(&self, metric: &Metric) {
        let mut known = self.known();
        known.metrics.remove(metric.name());
        known.add(metric);
    }

    fn settle(&self) {
        let mut known = self.known();
        let names = known.metrics.keys().copied().collect();
        known.early.get_or_insert(names);
    }

    /// Returns the names that came after the service had begun to serve.
    fn late(&self) -> Vec<&'static str> {
        let known = self.known();
        let Some(early) = &known.early else {
            return Vec::new();
        };
        let names = known.metrics.keys().copied();
        names.filter(|name| !early.contains(name)).collect()
    }

    fn metrics(&self) -> Vec<Metric> {
        self.known().metrics.values().copied().collect()
    }

    /// Returns a number that is another one when the catalogue is.
    pub(crate) fn revision(&self) -> u64 {
        self.known().revision
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for KnownMetrics {
    fn default() -> Self {
        let mut known = Known::default();
        for metric in METRICS {
            known.add(metric);
        }
        Self(Mutex::new(known))
    }
}

impl Known {
    fn add(&mut self, metric: &Metric) {
        self.revision += 1;
        self.metrics.entry(metric.name()).or_insert(*metric);
        self.otel_names.insert(otel_name(metric));
    }
}

/// Returns the name in OpenTelemetry as it is compared.
fn otel_name(metric: &Metric) -> String {
    metric.otel_name().to_ascii_lowercase()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::{HTTP_ERRORS, Unit};

    use super::*;
    use crate::{Bounds, RegistryOptions};

    const DEPTH: Metric = Metric::gauge("belt_depth").with_labels(&["belt"]);

    #[test]
    fn it_is_that_of_radiosonde_until_the_service_adds_to_it() {
        let registry = Registry::new();
        let names = |registry: &Registry| -> Vec<_> {
            let catalogue = registry.catalogue();
            let metrics = catalogue.metrics().iter();
            metrics.map(Metric::name).collect()
        };
        assert!(names(&registry).is_sorted());
        assert_eq!(registry.catalogue().hash(), Catalogue::new().hash());

        registry.gauge(&DEPTH, &["north"]).set(1.0);
        registry.gauge(&DEPTH, &["south"]).set(1.0);
        assert!(names(&registry).is_sorted());
        assert_eq!(registry.catalogue().metrics().len(), METRICS.len() + 1);
        assert_ne!(registry.catalogue().hash(), Catalogue::new().hash());
        let json = registry.catalogue().json();
        assert!(json.contains("\"name\":\"belt_depth\""), "{json}");
        assert_eq!(json.matches("\"in_use\":true").count(), 4, "{json}");
    }

    #[test]
    fn it_says_the_buckets_that_histograms_really_have() {
        const WAIT: Metric =
            Metric::histogram("belt_wait_seconds", &[1.0]).with_unit(Unit::Seconds);
        const RIDE: Metric =
            Metric::histogram("belt_ride_seconds", &[1.0]).with_unit(Unit::Seconds);
        let bounds = Bounds::new([2.0, 4.0]).unwrap();
        let options = RegistryOptions::new()
            .bounds_by_prefix("belt_", Bounds::exponential())
            .bounds(RIDE.name(), bounds);
        let registry = Registry::with_options(options);
        registry.histogram(&WAIT, &[]).record(1.0);
        registry.histogram(&RIDE, &[]).record(1.0);

        let catalogue = registry.catalogue();
        assert!(catalogue.is_exponential(&WAIT));
        assert_eq!(catalogue.bounds(&RIDE), [2.0, 4.0]);
        let text = registry.render();
        assert!(
            text.contains("belt_ride_seconds_bucket{le=\"4.0\"} 1\n"),
            "{text}"
        );
        assert!(!text.contains("belt_wait_seconds_bucket{le=\"1"), "{text}");
    }

    #[test]
    fn what_comes_after_the_service_has_begun_to_serve_is_no_other_hash() {
        const EARLY: Metric = Metric::counter("belt_starts_total");
        const LATE: Metric = Metric::counter("belt_stops_total");
        let registry = Registry::new();
        registry.counter(&EARLY, &[]).increment(1);
        let early = registry.catalogue().hash();
        registry.settle();
        registry.counter(&LATE, &[]).increment(1);
        registry.settle();

        let catalogue = registry.catalogue();
        assert_eq!(catalogue.hash(), early);
        assert!(catalogue.json().contains("\"name\":\"belt_stops_total\""));
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
        assert!(registry.catalogue().metrics().contains(&HTTP_ERRORS));
        let text = registry.render();
        assert!(text.contains("reason=\"wrong_labels\"} 3\n"), "{text}");
        assert!(text.contains("reason=\"name_taken\"} 1\n"), "{text}");
    }

    #[test]
    fn one_name_in_opentelemetry_is_that_of_one_metric() {
        const SENT: Metric = Metric::counter("mail_sent_total").with_otel_name("mail.sent");
        const SENT_BYTES: Metric = Metric::counter("mail_sent_bytes_total")
            .with_unit(Unit::Bytes)
            .with_otel_name("Mail.Sent");
        let registry = Registry::new();
        for _ in 0..2 {
            registry.counter(&SENT, &[]).increment(1);
            registry.counter(&SENT_BYTES, &[]).increment(100);
        }
        // What is ours is taken, too.
        let other = Metric::counter("errors_total").with_otel_name(HTTP_ERRORS.otel_name());
        registry.counter(&other, &[]).increment(1);

        let text = registry.render();
        assert!(text.contains("mail_sent_total 2\n"), "{text}");
        assert!(!text.contains("mail_sent_bytes_total"), "{text}");
        assert!(text.contains("reason=\"name_taken\"} 3\n"), "{text}");
        let catalogue = registry.catalogue();
        let known = catalogue.metrics();
        assert!(known.contains(&SENT) && !known.contains(&SENT_BYTES));
    }

    #[test]
    fn no_two_metrics_of_ours_share_a_name_in_opentelemetry() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| otel_name(metric)).collect();
        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn what_the_registry_refused_is_not_in_it() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || {
            metrics::counter!("belt_depth").increment(1);
        });
        registry.gauge(&DEPTH, &["north"]).set(1.0);
        assert!(!registry.catalogue().metrics().contains(&DEPTH));
    }
}
