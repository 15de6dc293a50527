//! What the metrics of a service cannot tell, and is therefore not watched.

use std::collections::BTreeSet;

use radiosonde_catalog::Metric;

use crate::alerts::{Alert, CATEGORIES, Percentile, SERVICE_RESTARTING, histograms};
use crate::histogram::Buckets;
use crate::prometheus::Record;
use crate::settings::Settings;
use crate::{Naming, Options, Service, ServiceMetric, Target};

/// What is left out of the rules of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gaps {
    /// The histograms that this Prometheus does not keep.
    unread: BTreeSet<String>,
    /// The alerts about what the bounds of a histogram cannot decide.
    pub(crate) undecided: Vec<Undecided>,
    /// Whether each process is an instance of its own, as over OTLP, so that none is seen to start again.
    is_each_new: bool,
    /// The names of all alerts that are left out.
    alerts: BTreeSet<&'static str>,
}

/// An alert whose threshold the bounds of its histogram cannot decide.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Undecided {
    pub(crate) alert: &'static str,
    pub(crate) percentile: Percentile,
    pub(crate) limit: f64,
    /// Between which limits they could.
    pub(crate) decides: (f64, f64),
}

impl Gaps {
    /// Finds what is left out with these thresholds.
    pub(crate) fn of(service: &Service, settings: &Settings, options: &Options) -> Self {
        let mut gaps = Self {
            unread: unread(service, options),
            is_each_new: options.naming == Naming::OpenTelemetry
                && !options.unwanted.contains(SERVICE_RESTARTING),
            ..Self::default()
        };
        if gaps.is_each_new {
            gaps.alerts.insert(SERVICE_RESTARTING);
        }
        let alerts = CATEGORIES.iter().flat_map(|category| category.alerts);
        let wanted = alerts.filter(|alert| !options.unwanted.contains(alert.name));
        for alert in wanted {
            let Some(percentile) = alert.percentile() else {
                continue;
            };
            if gaps.unread.contains(percentile.histogram.name()) {
                gaps.alerts.insert(alert.name);
                continue;
            }
            let buckets = Buckets::among(service.catalogue(), percentile.histogram);
            let limit = settings.get(percentile.threshold);
            if !buckets.can_decide(percentile.share, limit) {
                gaps.alerts.insert(alert.name);
                gaps.undecided.push(Undecided {
                    alert: alert.name,
                    percentile,
                    limit,
                    decides: buckets.decide(percentile.share),
                });
            }
        }
        gaps
    }

    /// Tells whether an alert is left out.
    pub(crate) fn has(&self, alert: &Alert) -> bool {
        self.alerts.contains(alert.name)
    }

    /// Tells whether a recorded series is left out.
    pub(crate) fn has_record(&self, record: &Record) -> bool {
        let is_unread = |histogram: &Metric| self.unread.contains(histogram.name());
        !self.unread.is_empty() && histograms(record.expr).any(is_unread)
    }

    /// Says in a sentence each what is not watched, and why.
    pub(crate) fn told(&self) -> Vec<String> {
        let unread = self.unread.iter().map(|histogram| {
            let is_about = |alert: &&Alert| {
                let percentile = alert.percentile();
                percentile.is_some_and(|asked| asked.histogram.name() == histogram)
            };
            let alerts = CATEGORIES.iter().flat_map(|category| category.alerts);
            let alerts: Vec<_> = alerts.filter(is_about).map(|alert| alert.name).collect();
            let alerts = match alerts.as_slice() {
                [] => String::new(),
                alerts => format!(", and {} are left out", alerts.join(", ")),
            };
            format!(
                "the buckets of {histogram} follow its values, and Prometheus 2 keeps no such histogram unless a feature is \
                 switched on: its percentiles are not recorded{alerts}; `--target prometheus3` has them"
            )
        });
        let undecided = self.undecided.iter().map(|undecided| {
            let Undecided {
                alert,
                percentile,
                limit,
                decides: (least, most),
            } = undecided;
            let histogram = percentile.histogram.name();
            format!(
                "{alert} is left out: its threshold {} is {limit}, and the bounds of {histogram} decide from {least} to below \
                 {most}; set one between them",
                percentile.threshold
            )
        });
        let restarts = self.is_each_new.then(|| {
            format!(
                "{SERVICE_RESTARTING} is left out: over OTLP each process is an instance of its own, so none is seen to start again; \
                 the pack kubernetes counts what its containers do"
            )
        });
        unread.chain(undecided).chain(restarts).collect()
    }
}

/// Returns the histograms of a service that this Prometheus does not keep.
fn unread(service: &Service, options: &Options) -> BTreeSet<String> {
    match options.target {
        Target::Prometheus2 => natives(service).map(|metric| metric.name.clone()).collect(),
        Target::Prometheus3 => BTreeSet::new(),
    }
}

/// Returns the histograms of a service whose buckets follow their values.
pub(crate) fn natives(service: &Service) -> impl Iterator<Item = &ServiceMetric> {
    let metrics = service.catalogue().metrics.iter();
    metrics.filter(|metric| metric.exponential)
}
