//! Alerts about percentiles: which histogram they ask, and for which limit.

use radiosonde_catalog::{Kind, Metric};

use super::Alert;
use crate::naming::metric_of;
use crate::promql::tokens;

/// What an alert asks of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Percentile {
    pub(crate) histogram: &'static Metric,
    /// Which percentile, as a share.
    pub(crate) share: f64,
    /// The threshold that it is compared with.
    pub(crate) threshold: &'static str,
}

impl Alert {
    /// Returns what it asks of a histogram, if it asks one.
    pub(crate) fn percentile(&self) -> Option<Percentile> {
        let histogram = histograms(self.expr).next()?;
        let tokens = tokens(self.expr);
        let share = tokens.iter().find_map(|token| share(token))?;
        let threshold = tokens.iter().find_map(|token| token.strip_prefix('$'))?;
        Some(Percentile {
            histogram,
            share,
            threshold,
        })
    }
}

/// Returns the histograms of Radiosonde that an expression names, those that recorded series are made from among them.
pub(crate) fn histograms(expr: &str) -> impl Iterator<Item = &'static Metric> {
    let names = tokens(expr).into_iter().flat_map(|token| token.split(':'));
    let metrics = names.filter_map(|name| Some(metric_of(name)?.0));
    let metrics = metrics.filter(|metric| metric.kind() == Kind::Histogram);
    metrics.collect::<Vec<_>>().into_iter()
}

/// Reads a percentile: at the end of the name of a recorded series, or as the number that asks for it.
fn share(token: &str) -> Option<f64> {
    let digits = match token.rsplit_once(':') {
        Some((_, end)) => end.strip_prefix('p')?,
        None => token.strip_prefix("0.")?,
    };
    format!("0.{digits}").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::alerts::CATEGORIES;

    #[test]
    fn every_alert_about_a_histogram_is_found_with_its_limit() {
        let alerts = CATEGORIES.iter().flat_map(|category| category.alerts);
        let found = alerts.clone().filter_map(|alert| {
            let Percentile {
                histogram,
                share,
                threshold,
            } = alert.percentile()?;
            Some((alert.name, histogram.name(), share.to_string(), threshold))
        });
        let found: BTreeSet<_> = found.collect();
        let one = ("MessagesSlow", "message_processing_duration_seconds");
        assert!(found.contains(&(one.0, one.1, "0.95".to_owned(), "message_seconds")));
        let other = ("CriticalLatency", "http_request_duration_seconds");
        assert!(found.contains(&(other.0, other.1, "0.99".to_owned(), "latency_p99_seconds")));

        let asks = |alert: &&Alert| histograms(alert.expr).next().is_some();
        let asking: BTreeSet<_> = { alerts }.filter(asks).map(|alert| alert.name).collect();
        assert_eq!(asking, found.iter().map(|(name, ..)| *name).collect());
    }
}
