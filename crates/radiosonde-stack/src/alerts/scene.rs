//! What a story is set in.

use radiosonde_catalog::Metric;

use super::Input;
use crate::ServiceCatalogue;
use crate::histogram::Buckets;
use crate::settings::Settings;

/// The thresholds of a service and the histograms that it has; or of none, for what is no service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    settings: &'a Settings,
    catalogue: Option<&'a ServiceCatalogue>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(settings: &'a Settings, catalogue: Option<&'a ServiceCatalogue>) -> Self {
        Self {
            settings,
            catalogue,
        }
    }

    /// Returns a threshold.
    pub(crate) fn get(&self, threshold: &str) -> f64 {
        self.settings.get(threshold)
    }

    /// Returns the buckets of a histogram.
    pub(crate) fn buckets(&self, histogram: &Metric) -> Buckets {
        match self.catalogue {
            Some(catalogue) => Buckets::among(catalogue, histogram),
            None => Buckets::Bounds(histogram.bounds().to_vec()),
        }
    }

    /// Returns the series of a histogram with these labels, each followed by a comma, that takes so many values per second.
    /// Of them half of the `share` that may be above a threshold is, and then four times as much.
    pub(crate) fn slow(
        &self,
        histogram: &Metric,
        labels: &str,
        threshold: &str,
        rate: f64,
        share: f64,
    ) -> Vec<Input> {
        let series = (histogram.name(), labels);
        let shares = [share * 0.5, share * 4.0];
        let limit = self.get(threshold);
        self.buckets(histogram).around(series, limit, rate, shares)
    }
}
