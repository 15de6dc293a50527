//! Alerts, as data: what is watched, when somebody is told, what to do then, and the story that proves it.
//!
//! Expressions are written in the default spelling and without the matcher of the service; a word behind `$` is a
//! [threshold](crate::settings). An expression keeps the labels that its texts speak of.

mod authentication;
mod availability;
mod caches;
mod certificates;
mod declared;
mod dependencies;
mod errors;
mod grpc;
mod health;
mod jobs;
mod latency;
mod load;
mod messages;
mod percentile;
mod pools;
mod queues;
mod resources;
mod scene;
mod stack;
mod story;
mod telemetry;

pub mod packs;

pub use declared::{Condition, DeclaredAlert, InvalidAlert};
pub(crate) use declared::{DECLARED, Spelled, literal};
pub(crate) use percentile::{Percentile, histograms};
pub(crate) use scene::Scene;
pub(crate) use stack::{STACK, WATCHDOG};
pub(crate) use story::{Input, Story};

use std::time::Duration;

use serde::Deserialize;

use crate::duration::read;

/// Something that is watched, and what is done about it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Alert {
    /// Its name, the label `alertname`.
    pub name: &'static str,
    /// How urgent it is.
    pub severity: Severity,
    /// The expression: it fires for each series that it returns.
    pub expr: &'static str,
    /// For how long that has to be so; `0s` for at once.
    pub hold: &'static str,
    /// Another alert that says less about the same: it is not sent while this one fires.
    pub supersedes: Option<&'static str>,
    /// One line, as a template of Prometheus.
    pub summary: &'static str,
    /// What it means to users and to the service.
    pub means: &'static str,
    /// Where to look first.
    pub look: &'static [&'static str],
    /// What helps.
    pub act: &'static [&'static str],
    /// What has to happen so that it fires, and how it ends.
    pub(crate) story: fn(&Scene<'_>) -> Story,
}

impl Alert {
    /// Returns for how long its condition lasts at most, if it ends by itself while things stay as they are: what is looked
    /// for in a window of time is out of it in the end.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        // Others see in their window what goes on, and hold until it has for a while.
        let is_event = self.hold == "0s" || self.expr.contains("] offset ");
        is_event.then(|| windows(self.expr).max()).flatten()
    }
}

/// Returns the windows of an expression, such as that of `rate(x[5m])`.
fn windows(expr: &str) -> impl Iterator<Item = Duration> {
    let starts = expr.split('[').skip(1);
    starts.filter_map(|text| read(text.split(']').next()?))
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing: told once a day.
    Info,
    /// Somebody has to look at it within days.
    Warning,
    /// Somebody has to look at it now.
    Critical,
}

impl Severity {
    /// Every severity, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Info];

    /// Returns the label `severity`: `info`, `warning` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Alerts about one side of a service.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Category {
    /// Its name, the label `category` and the name of the file.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The alerts, the gravest first.
    pub alerts: &'static [Alert],
}

/// What is watched of every service.
pub const CATEGORIES: &[Category] = &[
    availability::AVAILABILITY,
    health::HEALTH,
    errors::ERRORS,
    latency::LATENCY,
    load::LOAD,
    grpc::GRPC,
    dependencies::DEPENDENCIES,
    resources::RESOURCES,
    pools::POOLS,
    caches::CACHES,
    queues::QUEUES,
    messages::MESSAGES,
    jobs::JOBS,
    authentication::AUTHENTICATION,
    certificates::CERTIFICATES,
    telemetry::TELEMETRY,
];

/// The alert that means that nothing of a service can be reached: all others of the service only follow from it.
pub(crate) const SERVICE_DOWN: &str = "ServiceDown";

/// The alert that means that Prometheus knows of no instance, of which the same is true.
pub(crate) const SERVICE_MISSING: &str = "ServiceMissing";

/// The alert about a process that is replaced by another of the same instance.
pub(crate) const SERVICE_RESTARTING: &str = "ServiceRestarting";

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use radiosonde_catalog::METRICS;

    use super::*;
    use crate::Naming;
    use crate::naming::metric_of;
    use crate::prometheus::RECORDS;
    use crate::promql::words;
    use crate::settings::SETTINGS;

    fn all() -> impl Iterator<Item = &'static Alert> {
        let categories = CATEGORIES.iter().chain(packs::PACKS).chain([&STACK]);
        categories.flat_map(|category| category.alerts)
    }

    #[test]
    fn names_are_unique_and_what_is_superseded_exists() {
        let names: BTreeSet<_> = all().map(|alert| alert.name).collect();
        assert_eq!(names.len(), all().count());
        for alert in all() {
            assert!(
                alert.supersedes.is_none_or(|less| names.contains(less)),
                "{}",
                alert.name
            );
        }
    }

    #[test]
    fn texts_are_sentences_and_advice_is_given() {
        for alert in all() {
            let name = alert.name;
            assert!(
                alert.means.ends_with('.') && !alert.summary.ends_with('.'),
                "{name}"
            );
            assert!(!alert.look.is_empty() && !alert.act.is_empty(), "{name}");
            let items = alert.look.iter().chain(alert.act);
            assert!(items.clone().all(|item| !item.ends_with('.')), "{name}");
        }
    }

    #[test]
    fn every_threshold_is_asked_for_and_every_one_that_is_asked_for_exists() {
        let asked = all().flat_map(|alert| words(alert.expr));
        let asked = asked.filter_map(|word| word.strip_prefix('$'));
        let mut asked: BTreeSet<_> = asked.collect();
        asked.remove("catalogue");
        let known: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(asked, known);
    }

    /// What a service is watched by exists: as a metric of the catalogue, as a recorded series, or as what Prometheus says
    /// of every scrape.
    #[test]
    fn every_series_of_a_service_exists() {
        // Health checks bring their metrics along.
        let known = [
            "up",
            "health_check_status",
            "health_check_transitions_total",
        ];
        let recorded = RECORDS.iter().flat_map(|(_, records)| *records);
        let recorded: BTreeSet<_> = recorded.map(|record| record.name).collect();
        for alert in CATEGORIES.iter().flat_map(|category| category.alerts) {
            for series in words(alert.expr).filter(|word| word.contains('_') || word.contains(':'))
            {
                let is_label_or_function = [
                    "job_name",
                    "max_over_time",
                    "catalog_hash",
                    "error_type",
                    "histogram_quantile",
                    "rpc_method",
                    "rpc_status",
                ];
                let exists = metric_of(series).is_some()
                    || recorded.contains(series)
                    || known.contains(&series)
                    || is_label_or_function.contains(&series)
                    || series.starts_with('$');
                assert!(exists, "{}: {series}", alert.name);
            }
        }
    }

    /// A loss of what the service says is found too late when nobody is told of it.
    #[test]
    fn every_loss_that_is_counted_is_watched() {
        let alerts = CATEGORIES.iter().flat_map(|category| category.alerts);
        let asked: BTreeSet<_> = alerts.flat_map(|alert| words(alert.expr)).collect();
        let endings = ["_failed_total", "_dropped_total", "_lost_total"];
        let names = METRICS.iter().map(|metric| metric.name());
        let own = names.filter(|name| name.starts_with("radiosonde_"));
        let losses = own.filter(|name| endings.iter().any(|end| name.ends_with(end)));
        let unwatched: Vec<_> = losses.filter(|loss| !asked.contains(loss)).collect();
        assert!(unwatched.is_empty(), "{unwatched:?}");
    }

    /// Otherwise a label would be spelled as the first metric has it, and the second would not match.
    #[test]
    fn metrics_of_one_expression_spell_their_labels_alike() {
        for alert in CATEGORIES.iter().flat_map(|category| category.alerts) {
            let mut spelled = BTreeMap::new();
            for (metric, _) in words(alert.expr).filter_map(metric_of) {
                for label in metric.labels() {
                    let spelling = Naming::OpenTelemetry.label(metric, label);
                    let known = spelled.entry(*label).or_insert_with(|| spelling.clone());
                    assert_eq!(*known, spelling, "{}", alert.name);
                }
            }
        }
    }
}
