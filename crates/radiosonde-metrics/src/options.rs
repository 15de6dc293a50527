//! How large a registry may grow, and which buckets its histograms have.

use std::collections::BTreeMap;

use radiosonde_catalog::objective::Objectives;
use radiosonde_catalog::{HTTP_REQUEST_DURATION, RPC_REQUEST_DURATION};

use crate::histogram::SpanSource;
use crate::{Bounds, SampledSpan};

/// What a [`Registry`](crate::Registry) is made with.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Bounds, Registry, RegistryOptions};
///
/// let options = RegistryOptions::new()
///     .bounds("upload_bytes", Bounds::new([1e3, 1e6, 1e9])?)
///     .series_per_metric(500);
/// let registry = Registry::with_options(options);
/// # Ok::<(), radiosonde_metrics::InvalidBounds>(())
/// ```
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    pub(crate) series_per_metric: usize,
    pub(crate) series: usize,
    pub(crate) default_bounds: Bounds,
    bounds: BTreeMap<String, Bounds>,
    bounds_by_prefix: BTreeMap<String, Bounds>,
    pub(crate) exemplars: Option<SpanSource>,
    pub(crate) objectives: Objectives,
}

impl RegistryOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            series_per_metric: 2_000,
            series: 10_000,
            default_bounds: Bounds::default(),
            bounds: BTreeMap::new(),
            bounds_by_prefix: BTreeMap::new(),
            exemplars: None,
            objectives: Objectives::default(),
        }
    }

    /// Sets how many label sets one metric may have before the rest share its overflow series.
    ///
    /// Defaults to 2000, the limit of the OpenTelemetry specification.
    #[must_use]
    pub fn series_per_metric(mut self, series: usize) -> Self {
        self.series_per_metric = series;
        self
    }

    /// Sets how many label sets all metrics together may have before the rest share the overflow series.
    ///
    /// Defaults to 10 000.
    #[must_use]
    pub fn series(mut self, series: usize) -> Self {
        self.series = series;
        self
    }

    /// Sets the bounds of histograms that have none of their own.
    ///
    /// Defaults to [`Bounds::default`]: 5 ms to 10 s.
    #[must_use]
    pub fn default_bounds(mut self, bounds: Bounds) -> Self {
        self.default_bounds = bounds;
        self
    }

    /// Sets the bounds of the histogram with this name, as it is exposed.
    ///
    /// [`Registry::catalogue`](crate::Registry::catalogue) says them, so that what is made from it asks for buckets that
    /// there are.
    ///
    /// Defaults to those of the longest [prefix](Self::bounds_by_prefix) of its name, else to those it has in the
    /// catalogue, else to [`default_bounds`](Self::default_bounds).
    #[must_use]
    pub fn bounds(mut self, metric: impl Into<String>, bounds: Bounds) -> Self {
        self.bounds.insert(metric.into(), bounds);
        self
    }

    /// Sets the bounds of histograms whose name, as it is exposed, begins with this.
    ///
    /// The longest prefix counts, and [`bounds`](Self::bounds) for the whole name before any.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_metrics::{Bounds, RegistryOptions};
    ///
    /// let options = RegistryOptions::new().bounds_by_prefix("db_", Bounds::exponential());
    /// ```
    #[must_use]
    pub fn bounds_by_prefix(mut self, prefix: impl Into<String>, bounds: Bounds) -> Self {
        self.bounds_by_prefix.insert(prefix.into(), bounds);
        self
    }

    /// Lets histograms keep exemplars: of each bucket its last value that was recorded in a sampled span, which `span`
    /// finds.
    ///
    /// It is asked at each record, on the thread that records, so it must be quick, and must not record. A bucket with
    /// an exemplar takes 48 bytes more, whether there ever is one or not.
    ///
    /// Defaults to none. [`radiosonde`](https://docs.rs/radiosonde) sets it where spans are exported.
    #[must_use]
    pub fn exemplars(mut self, span: fn() -> Option<SampledSpan>) -> Self {
        self.exemplars = Some(span);
        self
    }

    /// Sets what the service promises: the thresholds of latency objectives become bounds of
    /// `http_request_duration_seconds` and `rpc_request_duration_seconds`, whatever bounds they have been given, and the
    /// objectives are in the
    /// [`catalogue`](crate::Registry::catalogue).
    ///
    /// Their own metrics have room beside all others.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn objectives(mut self, objectives: Objectives) -> Self {
        self.objectives = objectives;
        self
    }

    /// Returns the histogram of durations, of HTTP requests or of gRPC calls, that does not count exactly how many were quicker
    /// than a threshold, if there is one: its buckets follow the values, as those of [`Bounds::exponential`] do.
    #[must_use]
    pub fn without_thresholds(&self) -> Option<&'static str> {
        let durations = [HTTP_REQUEST_DURATION.name(), RPC_REQUEST_DURATION.name()];
        durations.into_iter().find(|name| {
            let bounds = self.bounds_of(name);
            bounds.is_some_and(Bounds::is_exponential)
        })
    }

    /// Returns the bounds that are set for a histogram by its name.
    pub(crate) fn bounds_of(&self, metric: &str) -> Option<&Bounds> {
        let by_prefix = || {
            let prefixes = self.bounds_by_prefix.iter().rev();
            // In the order of names, a longer prefix comes after the shorter ones of the same name.
            let mut fitting = prefixes.filter(|(prefix, _)| metric.starts_with(prefix.as_str()));
            fitting.next().map(|(_, bounds)| bounds)
        };
        self.bounds.get(metric).or_else(by_prefix)
    }
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_name_counts_before_the_longest_prefix() {
        let bounds = |limit| Bounds::new([limit]).unwrap();
        let options = RegistryOptions::new()
            .bounds("db_query_seconds", bounds(1.0))
            .bounds_by_prefix("db_", bounds(2.0))
            .bounds_by_prefix("db_query", bounds(3.0))
            .bounds_by_prefix("dc", bounds(4.0));
        for (metric, limit) in [
            ("db_query_seconds", Some(1.0)),
            ("db_query_bytes", Some(3.0)),
            ("db_seconds", Some(2.0)),
            ("dx", None),
            ("", None),
        ] {
            assert_eq!(
                options.bounds_of(metric),
                limit.map(bounds).as_ref(),
                "{metric}"
            );
        }
    }
}
