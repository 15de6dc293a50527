//! What is set of such an alert, and what it has to be.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::invalid::{InvalidAlert, LONGEST_STOPPED};
use super::spelled::Spelled;
use crate::alerts::packs::PACKS;
use crate::alerts::{CATEGORIES, STACK, Severity};
use crate::histogram::Buckets;
use crate::prometheus::OF_OBJECTIVES;
use crate::{MetricKind, Naming, ServiceCatalogue, ServiceMetric, Target};

/// An alert about one metric of a service.
///
/// # Examples
///
/// ```
/// use radiosonde_stack::alerts::DeclaredAlert;
///
/// let alert: DeclaredAlert = serde_json::from_str(
///     r#"{ "metric": "orders_paid_total", "when": "rate_below", "limit": 0.1, "means": "Customers cannot pay." }"#,
/// )?;
/// assert_eq!(alert.hold_seconds, 600);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeclaredAlert {
    /// The metric, as Prometheus spells it by default.
    pub metric: String,
    /// What is watched of it.
    pub when: Condition,
    /// The limit, in the unit that the condition says.
    #[serde(default)]
    pub limit: Option<f64>,
    /// Values that labels of the series have to have. Defaults to none: all series count.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Labels that tell what is watched apart, beside the service. Defaults to none: all series together.
    #[serde(default)]
    pub by: Vec<String>,
    /// How urgent it is. Defaults to a warning.
    #[serde(default = "usual_severity")]
    pub severity: Severity,
    /// For how long it has to be so, in seconds. Defaults to 600.
    #[serde(default = "usual_hold")]
    pub hold_seconds: u32,
    /// What it means to users and to the service, in a sentence.
    pub means: String,
    /// Where to look first, for the page of the alert. Defaults to the board of the service's own metrics.
    #[serde(default)]
    pub look: Vec<String>,
    /// What helps, for the page of the alert. Defaults to nothing.
    #[serde(default)]
    pub act: Vec<String>,
}

/// What is watched of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// A counter grows by less than the limit, per second.
    RateBelow,
    /// A counter grows by more than the limit, per second.
    RateAbove,
    /// A counter grows by more than the limit times as much as a week ago.
    Spike,
    /// A counter grew within the last hour, and no longer does.
    Stopped,
    /// Of what a counter counts, the series with these labels are more than the limit, a share from 0 to 1.
    ShareAbove,
    /// The largest value of a gauge is above the limit.
    ValueAbove,
    /// The smallest value of a gauge is below the limit.
    ValueBelow,
    /// A gauge that holds a time, in seconds since 1970, is older than the limit in seconds.
    AgeAbove,
    /// The 95th percentile of a histogram is above the limit.
    SlowerThan,
}

impl Condition {
    /// Returns the word that the settings have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateBelow => "rate_below",
            Self::RateAbove => "rate_above",
            Self::Spike => "spike",
            Self::Stopped => "stopped",
            Self::ShareAbove => "share_above",
            Self::ValueAbove => "value_above",
            Self::ValueBelow => "value_below",
            Self::AgeAbove => "age_above",
            Self::SlowerThan => "slower_than",
        }
    }

    fn is_about(self, kind: MetricKind) -> bool {
        match self {
            Self::ValueAbove | Self::ValueBelow | Self::AgeAbove => {
                matches!(kind, MetricKind::Gauge | MetricKind::UpDownCounter)
            }
            Self::SlowerThan => kind == MetricKind::Histogram,
            _ => kind == MetricKind::Counter,
        }
    }

    /// Tells whether it can be above and below the limit.
    fn can_have(self, limit: Option<f64>) -> bool {
        match (self, limit) {
            (Self::Stopped, limit) => limit.is_none(),
            (_, None) => false,
            (Self::ValueAbove | Self::ValueBelow, Some(limit)) => limit.is_finite(),
            (Self::RateAbove, Some(limit)) => limit.is_finite() && limit >= 0.0,
            (Self::ShareAbove, Some(limit)) => limit > 0.0 && limit < 1.0,
            (Self::AgeAbove, Some(limit)) => limit > 0.0 && limit <= LONGEST_AGE,
            (_, Some(limit)) => limit.is_finite() && limit > 0.0,
        }
    }
}

impl DeclaredAlert {
    /// Checks that it can fire.
    pub(crate) fn check(
        &self,
        name: &str,
        catalogue: &ServiceCatalogue,
        target: Target,
    ) -> Result<(), InvalidAlert> {
        let alert = || name.to_owned();
        if !is_name(name) {
            return Err(InvalidAlert::Name { alert: alert() });
        }
        let shipped = CATEGORIES.iter().chain(PACKS).chain([&STACK]);
        let mut shipped = shipped.flat_map(|category| category.alerts);
        if shipped.any(|alert| alert.name == name) || OF_OBJECTIVES.contains(&name) {
            return Err(InvalidAlert::Taken { alert: alert() });
        }
        let metric = catalogue
            .metric(&self.metric)
            .ok_or_else(|| InvalidAlert::NoMetric {
                alert: alert(),
                metric: self.metric.clone(),
            })?;
        let mut labels = self.labels.keys().chain(&self.by);
        if let Some(label) = labels.find(|label| !metric.labels.contains(label)) {
            return Err(InvalidAlert::NoLabel {
                alert: alert(),
                metric: self.metric.clone(),
                label: label.clone(),
            });
        }
        let when = self.when.as_str();
        if !self.when.is_about(metric.kind) {
            return Err(InvalidAlert::Kind {
                alert: alert(),
                metric: self.metric.clone(),
                when,
            });
        }
        let both = |label: &&String| self.by.contains(label);
        if self.when == Condition::ShareAbove
            && let Some(label) = self.labels.keys().find(both)
        {
            return Err(InvalidAlert::WholePart {
                alert: alert(),
                label: label.clone(),
            });
        }
        if self.when == Condition::SlowerThan {
            self.check_buckets(name, metric, target)?;
        }
        let needs_part = self.when == Condition::ShareAbove && self.labels.is_empty();
        if !self.when.can_have(self.limit) || needs_part {
            return Err(InvalidAlert::Limit {
                alert: alert(),
                when,
            });
        }
        let longest = match self.when {
            Condition::Stopped => LONGEST_STOPPED,
            _ => 24 * 60 * 60,
        };
        if self.hold_seconds > longest {
            return Err(InvalidAlert::Hold {
                alert: alert(),
                hold: self.hold_seconds,
                longest,
            });
        }
        Ok(())
    }

    /// Checks that its percentile can be on both sides of the limit.
    fn check_buckets(
        &self,
        alert: &str,
        metric: &ServiceMetric,
        target: Target,
    ) -> Result<(), InvalidAlert> {
        let buckets = Buckets::of(metric);
        if buckets == Buckets::Native && target == Target::Prometheus2 {
            return Err(InvalidAlert::Native {
                alert: alert.to_owned(),
                metric: self.metric.clone(),
            });
        }
        match self.limit {
            Some(limit) if !buckets.can_decide(SLOWEST, limit) => {
                let (least, most) = buckets.decide(SLOWEST);
                Err(InvalidAlert::Undecided {
                    alert: alert.to_owned(),
                    metric: self.metric.clone(),
                    limit,
                    least,
                    most,
                })
            }
            _ => Ok(()),
        }
    }

    /// Returns how it reads in a spelling, without the matchers of the service.
    pub(crate) fn spelled<'a>(&'a self, metric: &'a ServiceMetric, naming: Naming) -> Spelled<'a> {
        let (name, labels) = naming.declared(metric);
        let spelled = metric.labels.iter().map(String::as_str).zip(labels);
        Spelled {
            alert: self,
            buckets: Buckets::of(metric),
            name,
            labels: spelled.collect(),
        }
    }

    pub(crate) fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds.into())
    }

    pub(super) fn limit(&self) -> f64 {
        self.limit.unwrap_or_default()
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

const fn usual_severity() -> Severity {
    Severity::Warning
}

const fn usual_hold() -> u32 {
    600
}

/// The percentile that `slower_than` is about, as a share.
pub(super) const SLOWEST: f64 = 0.95;

/// A month, in seconds.
const LONGEST_AGE: f64 = 31.0 * 86_400.0;
