//! How large a registry may grow, and which buckets its histograms have.

use std::collections::BTreeMap;

use crate::Bounds;

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
    pub(crate) bounds: BTreeMap<String, Bounds>,
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
    /// Defaults to those of [`default_bounds`](Self::default_bounds). The histograms of the catalogue bring their own.
    #[must_use]
    pub fn bounds(mut self, metric: impl Into<String>, bounds: Bounds) -> Self {
        self.bounds.insert(metric.into(), bounds);
        self
    }
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self::new()
    }
}
