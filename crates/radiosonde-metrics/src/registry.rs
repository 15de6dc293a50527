//! The registry: every series once, found by name and labels.
//!
//! A handle records into atomics and never comes here. What does come here is a look-up by name, and it takes the lock
//! of [`Index`]. A scrape takes another lock, that of [`Families`], which a recording thread meets only when it makes
//! a new series.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use radiosonde_catalog::objective::Objectives;
use radiosonde_catalog::{Kind, METRICS_OVERFLOWED, METRICS_REFUSED, Metric, SERIES};

use crate::canonical::{OVERFLOW_LABEL, Refusal, label_text, metric_name};
use crate::catalogue::KnownMetrics;
use crate::exposition::{Exposition, open_metrics, protobuf, text};
use crate::family::{Families, Family, Instrument, Series, family, is_free};
use crate::index::Index;
use crate::refusals::Refusals;
use crate::{Bounds, Counter, Gauge, Histogram, RegistryOptions, UpDownCounter};

/// All metrics of a service, and the recorder behind the `metrics` facade.
///
/// A registry is a handle: clones share the data. See the [crate's docs](crate) for its laws.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::HTTP_ERRORS;
/// use radiosonde_metrics::Registry;
///
/// let registry = Registry::new();
/// registry.counter(&HTTP_ERRORS, &["GET", "/orders/{id}", "panic"]).increment(1);
///
/// let line = r#"http_errors_total{error_type="panic",method="GET",route="/orders/{id}"} 1"#;
/// assert!(registry.render().contains(line));
/// ```
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    options: RegistryOptions,
    pub(crate) index: Index,
    families: Mutex<Families>,
    catalogue: KnownMetrics,
    before_reading: Mutex<Vec<Arc<Hook>>>,
    /// The bounds of the catalogue's histograms, with those that objectives add, made once and shared by their series.
    of_catalogue: Mutex<BTreeMap<String, Bounds>>,
    refusals: Refusals,
    series: Gauge,
    /// How many bytes the last one of each exposition had.
    last_lengths: [AtomicUsize; 3],
}

/// Done before each reading, until it returns false.
type Hook = dyn Fn() -> bool + Send + Sync;

impl Registry {
    /// Makes an empty registry with the default [`RegistryOptions`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(RegistryOptions::new())
    }

    /// Makes an empty registry.
    #[must_use]
    pub fn with_options(options: RegistryOptions) -> Self {
        let registry = Self {
            inner: Arc::new(Inner {
                options,
                index: Index::default(),
                families: Mutex::default(),
                catalogue: KnownMetrics::default(),
                before_reading: Mutex::default(),
                of_catalogue: Mutex::default(),
                refusals: Refusals::default(),
                series: Gauge::default(),
                last_lengths: Default::default(),
            }),
        };
        registry.expose_itself();
        registry
    }

    /// Returns the counter of the catalogue's `metric` under these label values, in the order of its labels.
    ///
    /// A metric of another kind, or another number of values, gives a counter that appears nowhere; the refusal is
    /// counted.
    #[must_use]
    pub fn counter(&self, metric: &Metric, values: &[&str]) -> Counter {
        match self.of_catalogue(metric, values) {
            Some(Instrument::Counter(counter)) => counter,
            _ => Counter::default(),
        }
    }

    /// Returns the gauge of the catalogue's `metric`, as [`counter`](Self::counter) does.
    #[must_use]
    pub fn gauge(&self, metric: &Metric, values: &[&str]) -> Gauge {
        match self.of_catalogue(metric, values) {
            Some(Instrument::Gauge(gauge)) => gauge,
            _ => Gauge::default(),
        }
    }

    /// Returns the up-down counter of the catalogue's `metric`, as [`counter`](Self::counter) does.
    #[must_use]
    pub fn up_down_counter(&self, metric: &Metric, values: &[&str]) -> UpDownCounter {
        match self.of_catalogue(metric, values) {
            Some(Instrument::UpDownCounter(counter)) => counter,
            _ => UpDownCounter::default(),
        }
    }

    /// Returns the histogram of the catalogue's `metric`, as [`counter`](Self::counter) does.
    #[must_use]
    pub fn histogram(&self, metric: &Metric, values: &[&str]) -> Histogram {
        match self.of_catalogue(metric, values) {
            Some(Instrument::Histogram(histogram)) => histogram,
            _ => Histogram::noop(),
        }
    }

    /// Returns all series as Prometheus text, version 0.0.4, in the order of names and labels.
    ///
    /// The work grows with the number of series; do it off the executor's threads.
    #[must_use]
    pub fn render(&self) -> String {
        self.text(Exposition::Text, text::render)
    }

    /// Returns all series in this format, in the order of names and labels. All formats but
    /// [`Protobuf`](Exposition::Protobuf) are texts in UTF-8.
    ///
    /// The work grows with the number of series; do it off the executor's threads.
    #[must_use]
    pub fn render_as(&self, exposition: Exposition) -> Vec<u8> {
        match exposition {
            Exposition::Text => self.text(exposition, text::render).into_bytes(),
            Exposition::OpenMetrics => self.text(exposition, open_metrics::render).into_bytes(),
            Exposition::Protobuf => {
                let mut out = Vec::with_capacity(self.expected_length(exposition));
                protobuf::render(&self.read(), &mut out);
                self.remember_length(exposition, out.len());
                out
            }
        }
    }

    fn text(&self, exposition: Exposition, write: fn(&Families, &mut String)) -> String {
        let mut text = String::with_capacity(self.expected_length(exposition));
        write(&self.read(), &mut text);
        self.remember_length(exposition, text.len());
        text
    }

    /// It is about as long as the last one: it is written in one piece, not copied as it grows.
    fn expected_length(&self, exposition: Exposition) -> usize {
        let last = self.inner.last_lengths[exposition as usize].load(Relaxed);
        last + last / 8
    }

    fn remember_length(&self, exposition: Exposition, length: usize) {
        self.inner.last_lengths[exposition as usize].store(length, Relaxed);
    }

    /// Adds what is done before each reading: to set instruments whose values cost something to find out.
    ///
    /// It runs on the thread that reads, and the reading waits for it. It may record, and must not read. Two readings at
    /// the same time, a scrape and an export, may run it on two threads at once. A panic in it is caught: the reading goes
    /// on with what the instruments hold.
    pub fn before_reading(&self, collect: impl Fn() + Send + Sync + 'static) {
        self.before_reading_while(move || {
            collect();
            true
        });
    }

    /// Adds the same, to be done until it returns false: what it is about is gone then.
    pub(crate) fn before_reading_while(&self, collect: impl Fn() -> bool + Send + Sync + 'static) {
        let mut hooks = self
            .inner
            .before_reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hooks.push(Arc::new(collect));
    }

    /// Returns the objectives that the registry was made with.
    #[must_use]
    pub fn objectives(&self) -> &Objectives {
        &self.inner.options.objectives
    }

    pub(crate) fn options(&self) -> &RegistryOptions {
        &self.inner.options
    }

    fn forget(&self, ended: &[Arc<Hook>]) {
        let hooks = self.inner.before_reading.lock();
        let mut hooks = hooks.unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|hook| !ended.iter().any(|ended| Arc::ptr_eq(ended, hook)));
    }

    /// Brings what is collected up to date, and returns all families.
    pub(crate) fn read(&self) -> Families {
        let hooks = self
            .inner
            .before_reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let goes_on = |hook: &Arc<Hook>| catch_unwind(AssertUnwindSafe(|| hook())).unwrap_or(true);
        let ended: Vec<_> = hooks.into_iter().filter(|hook| !goes_on(hook)).collect();
        if !ended.is_empty() {
            self.forget(&ended);
        }
        // The copy is of names and counted pointers to families, which are changed only when they get a series. Formatting,
        // which takes longer, happens outside the lock.
        self.locked().clone()
    }

    pub(crate) fn index(&self) -> &Index {
        &self.inner.index
    }

    pub(crate) fn known(&self) -> &KnownMetrics {
        &self.inner.catalogue
    }

    pub(crate) fn describe(&self, name: &str, unit: &'static str, help: &str) {
        let Ok(name) = metric_name(name) else {
            return self.refuse(Refusal::EmptyName, name);
        };
        let mut families = self.locked();
        let is_described = families
            .get(&name)
            .is_some_and(|family| !family.help.is_empty());
        if !is_described && let Ok(family) = family(&mut families, name) {
            family.help = help.into();
            family.unit = unit;
        }
    }

    /// Finds or makes the series of this name and these labels.
    ///
    /// The flag is false when it is the overflow series, which other labels share.
    pub(crate) fn instrument<'a>(
        &self,
        kind: Kind,
        name: &str,
        bounds: Option<&[f64]>,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(Instrument, bool), Refusal> {
        self.instrument_made_by(kind, name, labels, |name| self.make(kind, name, bounds))
    }

    /// Does what [`instrument`](Self::instrument) does, with `make` for a new instrument, which is given the name as spelled.
    ///
    /// It may be of another kind than the family: a total with fractions is kept in a [`Gauge`], and is a counter.
    pub(crate) fn instrument_made_by<'a>(
        &self,
        kind: Kind,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
        make: impl FnOnce(&str) -> Instrument,
    ) -> Result<(Instrument, bool), Refusal> {
        let name = metric_name(name)?;
        let labels = label_text(labels)?;
        let mut families = self.locked();
        if !is_free(&families, &name, kind) {
            return Err(Refusal::NameTaken);
        }
        let find = |families: &Families, labels: &str| {
            let series = families.get(&name)?.series.get(labels)?;
            Some(series.instrument.clone())
        };
        if let Some(instrument) = find(&families, &labels) {
            return Ok((instrument, true));
        }
        let fits = self.has_room(&families, &name);
        let labels = if fits {
            labels
        } else {
            format!("{OVERFLOW_LABEL}=\"true\"")
        };
        let known = find(&families, &labels);
        let is_new = known.is_none();
        let instrument = if let Some(overflow) = known {
            overflow
        } else {
            let family = family(&mut families, name.clone())?;
            family.kind = Some(kind);
            let series = Series::new(make(&name));
            let instrument = series.instrument.clone();
            family.series.insert(labels.into(), series);
            self.inner.series.add(1.0);
            instrument
        };
        drop(families);
        if !fits {
            self.inner.refusals.overflow(&name, is_new);
        }
        Ok((instrument, fits))
    }

    /// Tells whether one more label set of this metric is within the budget.
    fn has_room(&self, families: &Families, name: &str) -> bool {
        let options = &self.inner.options;
        let all = self.inner.series.value();
        let of_metric = families.get(name).map_or(0, |family| family.series.len());
        #[expect(clippy::cast_precision_loss, reason = "a budget stays far below 2^53")]
        let most = options
            .series
            .saturating_add(options.objectives.series(None)) as f64;
        let of_objectives = options.objectives.series(Some(name));
        let most_of_metric = options.series_per_metric.saturating_add(of_objectives);
        of_metric < most_of_metric && all < most
    }

    /// Counts that something of this name was refused. Called without a lock.
    pub(crate) fn refuse(&self, refusal: Refusal, name: &str) {
        self.inner.refusals.refuse(refusal, name);
    }

    fn of_catalogue(&self, metric: &Metric, values: &[&str]) -> Option<Instrument> {
        if metric.labels().len() != values.len() {
            self.refuse(Refusal::WrongLabels, metric.name());
            return None;
        }
        let refuse = |refusal| self.refuse(refusal, metric.name());
        let is_new = self.known().is_new(metric).map_err(refuse).ok()?;
        self.describe(metric.name(), metric.unit().otel(), metric.help());
        let labels = metric.labels().iter().copied().zip(values.iter().copied());
        let found = self.instrument(metric.kind(), metric.name(), Some(metric.bounds()), labels);
        let (instrument, _) = found.map_err(refuse).ok()?;
        if is_new {
            self.known().add(metric);
        }
        Some(instrument)
    }

    fn make(&self, kind: Kind, name: &str, bounds: Option<&[f64]>) -> Instrument {
        let refused = || self.inner.refusals.of_values(name);
        match kind {
            Kind::Gauge => Instrument::Gauge(Gauge::new(refused())),
            Kind::UpDownCounter => Instrument::UpDownCounter(UpDownCounter::default()),
            Kind::Histogram => {
                let (bounds, source) = (self.bounds(name, bounds), self.inner.options.exemplars);
                Instrument::Histogram(Histogram::new(bounds, source, refused()))
            }
            _ => Instrument::Counter(Counter::default()),
        }
    }

    fn bounds(&self, name: &str, of_catalogue: Option<&[f64]>) -> Bounds {
        let options = &self.inner.options;
        let with_thresholds = |limits: &[f64]| {
            let known = self.inner.of_catalogue.lock();
            let mut known = known.unwrap_or_else(PoisonError::into_inner);
            let make = || Bounds::of_catalogue(&options.objectives.joined_to(name, limits));
            known.entry(name.to_owned()).or_insert_with(make).clone()
        };
        match (options.bounds_of(name), of_catalogue) {
            (Some(bounds), Some(_)) if !bounds.is_exponential() => with_thresholds(bounds.limits()),
            (Some(bounds), _) => bounds.clone(),
            (None, Some(limits)) => with_thresholds(limits),
            (None, None) => options.default_bounds.clone(),
        }
    }

    /// Puts the registry's own counters among its families.
    fn expose_itself(&self) {
        let inner = &self.inner;
        let refused = Refusal::ALL.map(|refusal| {
            let labels = format!("reason=\"{}\"", refusal.as_str());
            let counter = inner.refusals.counter(refusal);
            (
                labels.into(),
                Series::new(Instrument::Counter(counter.clone())),
            )
        });
        let one = |instrument| BTreeMap::from([("".into(), Series::new(instrument))]);
        let own = [
            (&SERIES, one(Instrument::Gauge(inner.series.clone()))),
            (
                &METRICS_OVERFLOWED,
                one(Instrument::Counter(inner.refusals.overflowed().clone())),
            ),
            (&METRICS_REFUSED, BTreeMap::from(refused)),
        ];
        let mut families = self.locked();
        for (metric, series) in own {
            let family = Family {
                kind: Some(metric.kind()),
                help: metric.help().into(),
                unit: metric.unit().otel(),
                series,
            };
            families.insert(metric.name().into(), Arc::new(family));
        }
    }

    /// Replaces all series of a gauge by one.
    pub(crate) fn replace<'a>(
        &self,
        metric: &Metric,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
        value: f64,
    ) -> Result<(), Refusal> {
        let labels = label_text(labels)?;
        let gauge = Gauge::default();
        gauge.set(value);
        let mut families = self.locked();
        if !is_free(&families, metric.name(), metric.kind()) {
            return Err(Refusal::NameTaken);
        }
        let family = family(&mut families, metric.name().to_owned())?;
        let before = family.series.len();
        family.kind = Some(metric.kind());
        family.series = BTreeMap::from([(labels.into(), Series::new(Instrument::Gauge(gauge)))]);
        #[expect(clippy::cast_precision_loss, reason = "a budget stays far below 2^53")]
        self.inner.series.add(1.0 - before as f64);
        Ok(())
    }

    /// Returns a handle that does not keep the registry.
    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    pub(crate) fn upgraded(inner: &Weak<Inner>) -> Option<Self> {
        inner.upgrade().map(|inner| Self { inner })
    }

    /// Returns the series of a metric, without collecting.
    #[cfg(feature = "slo")]
    pub(crate) fn family(&self, name: &str) -> Option<Arc<Family>> {
        self.locked().get(name).cloned()
    }

    /// Returns the names of the metrics that have series, without collecting.
    pub(crate) fn in_use(&self) -> Vec<String> {
        let families = self.locked();
        let in_use = families
            .iter()
            .filter(|(_, family)| !family.series.is_empty());
        in_use.map(|(name, _)| name.clone()).collect()
    }

    fn locked(&self) -> MutexGuard<'_, Families> {
        // Nothing panics under the lock, and a map that a panic left behind would still be whole.
        self.inner
            .families
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("series", &self.inner.series.value())
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::objective::{Objective, Objectives};
    use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, HTTP_ERRORS, SPANS_SENT};

    use super::*;

    #[test]
    fn two_handles_of_one_series_share_its_value() {
        let registry = Registry::new();
        registry.counter(&SPANS_SENT, &[]).increment(1);
        registry.clone().counter(&SPANS_SENT, &[]).increment(2);
        assert_eq!(registry.counter(&SPANS_SENT, &[]).value(), 3);
    }

    #[test]
    fn past_the_budget_of_a_metric_values_go_to_one_overflow_series() {
        let registry = Registry::with_options(RegistryOptions::new().series_per_metric(2));
        for route in ["/a", "/b", "/c", "/d", "/a"] {
            registry
                .counter(&HTTP_ERRORS, &["GET", route, "500"])
                .increment(1);
        }
        let text = registry.render();
        assert!(text.contains("route=\"/a\"} 2\n"), "{text}");
        assert!(
            text.contains("http_errors_total{otel_metric_overflow=\"true\"} 2\n"),
            "{text}"
        );
        assert!(
            text.contains("radiosonde_metrics_overflowed_total 2\n"),
            "{text}"
        );
        assert!(!text.contains("/c"), "{text}");
    }

    #[test]
    fn without_a_limit_objectives_have_their_room_as_well() {
        let objectives = Objectives::new([Objective::availability("api", 99.9)]).unwrap();
        let options = RegistryOptions::new()
            .series(usize::MAX)
            .series_per_metric(usize::MAX)
            .objectives(objectives);
        let registry = Registry::with_options(options);
        for id in 0..100 {
            let route = format!("/{id}");
            registry
                .counter(&HTTP_ERRORS, &["GET", &route, "500"])
                .increment(1);
        }
        assert_eq!(registry.series(HTTP_ERRORS.name()).len(), 100);
    }

    #[test]
    fn past_the_budget_of_all_metrics_each_has_one_overflow_series() {
        let registry = Registry::with_options(RegistryOptions::new().series(1));
        registry
            .counter(&HTTP_ERRORS, &["GET", "/", "500"])
            .increment(1);
        registry
            .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"])
            .add(1);
        registry
            .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["PUT"])
            .add(1);
        let text = registry.render();
        assert!(
            text.contains("http_active_connections{otel_metric_overflow=\"true\"} 2\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_collected_is_up_to_date_in_each_reading_and_may_panic() {
        let registry = Registry::new();
        let scrapes = registry.counter(&SPANS_SENT, &[]);
        registry.before_reading(|| panic!("expected: a collector that panics"));
        registry.before_reading(move || scrapes.increment(1));
        for reading in 1..3 {
            let text = registry.render();
            assert!(
                text.contains(&format!("radiosonde_spans_sent_total {reading}\n")),
                "{text}"
            );
        }
    }

    #[test]
    fn the_number_of_metrics_is_bounded() {
        let registry = Registry::new();
        for n in 0..3_000 {
            registry.describe(&format!("metric_{n}"), "", "A name made of data.");
            let made =
                registry.instrument(Kind::Counter, &format!("metric_{n}"), None, [].into_iter());
            assert_eq!(made.is_err(), n >= 1_997, "{n}");
        }
    }

    #[test]
    fn what_is_gone_is_not_asked_again() {
        let registry = Registry::new();
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = asked.clone();
        registry.before_reading_while(move || counted.fetch_add(1, Relaxed) == 0);
        let before = registry.inner.before_reading.lock().unwrap().len();
        for _ in 0..3 {
            let _ = registry.render();
        }
        assert_eq!(asked.load(Relaxed), 2);
        let after = registry.inner.before_reading.lock().unwrap().len();
        assert_eq!(after, before - 1);
    }

    #[test]
    fn a_wrong_number_of_label_values_is_refused() {
        let registry = Registry::new();
        registry.counter(&HTTP_ERRORS, &["GET"]).increment(1);
        assert!(!registry.render().contains("http_errors_total"));
        assert!(
            registry
                .render()
                .contains("radiosonde_metrics_refused_total{reason=\"wrong_labels\"} 1\n")
        );
    }
}
