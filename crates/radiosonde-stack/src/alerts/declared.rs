//! Alerts about what a service measures of its own: orders that stay away, exports that fail, a score that is too low.
//!
//! Nobody but the service's team knows what is usual of them, so they are set, not shipped.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::packs::PACKS;
use super::{CATEGORIES, Category, Input, STACK, Severity, Story};
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

    fn limit(&self) -> f64 {
        self.limit.unwrap_or_default()
    }
}

/// A declared alert in the names of one spelling.
#[derive(Debug)]
pub(crate) struct Spelled<'a> {
    alert: &'a DeclaredAlert,
    buckets: Buckets,
    name: String,
    /// By their default spelling.
    labels: BTreeMap<&'a str, String>,
}

impl Spelled<'_> {
    /// Returns the expression.
    pub(crate) fn expr(&self) -> String {
        let (name, limit) = (&self.name, self.alert.limit());
        let (part, by) = (self.matchers(), self.by());
        let rate = |series: &str| format!("sum by ({by}) (rate({series}[5m]))");
        let chosen = format!("{name}{{{part}}}");
        match self.alert.when {
            Condition::RateBelow => format!("{} < {limit}", rate(&chosen)),
            Condition::RateAbove => format!("{} > {limit}", rate(&chosen)),
            Condition::Spike => format!(
                "{}\n  > {limit} * (sum by ({by}) (rate({chosen}[5m] offset 1w)) > 0)",
                rate(&chosen)
            ),
            Condition::Stopped => format!(
                "sum by ({by}) (increase({chosen}[10m])) == 0\n  and sum by ({by}) (increase({chosen}[1h] offset 10m)) > 0"
            ),
            Condition::ShareAbove => {
                format!("{}\n  / ({} > 0)\n  > {limit}", rate(&chosen), rate(name))
            }
            Condition::ValueAbove => format!("max by ({by}) ({chosen}) > {limit}"),
            Condition::ValueBelow => format!("min by ({by}) ({chosen}) < {limit}"),
            Condition::AgeAbove => format!("time() - max by ({by}) ({chosen} > 0) > {limit}"),
            Condition::SlowerThan => match self.buckets {
                Buckets::Native => {
                    format!("histogram_quantile({SLOWEST}, {}) > {limit}", rate(&chosen))
                }
                Buckets::Bounds(_) => format!(
                    "histogram_quantile({SLOWEST}, sum by ({by}, le) (rate({name}_bucket{{{part}}}[5m]))) > {limit}"
                ),
            },
        }
    }

    /// Returns one line about it, as a template of Prometheus.
    pub(crate) fn summary(&self, service: &str) -> String {
        let (metric, limit) = (&self.alert.metric, self.alert.limit());
        let which = self
            .alert
            .by
            .iter()
            .map(|label| format!(", {{{{ $labels.{} }}}}", self.label(label)));
        let of = format!("{metric} of {service}{}", which.collect::<String>());
        let (number, time) = ("{{ $value | humanize }}", "{{ $value | humanizeDuration }}");
        match self.alert.when {
            Condition::RateBelow => format!("{of} grows by {number} per second, less than {limit}"),
            Condition::RateAbove => format!("{of} grows by {number} per second, more than {limit}"),
            Condition::Spike => format!("{of} grows more than {limit} times as fast as a week ago"),
            Condition::Stopped => format!("{of} no longer grows"),
            Condition::ShareAbove => {
                format!(
                    "{{{{ $value | humanizePercentage }}}} of {of} are {}",
                    literal(&self.matchers().replace('"', ""))
                )
            }
            Condition::ValueAbove => format!("{of} is {number}, more than {limit}"),
            Condition::ValueBelow => format!("{of} is {number}, less than {limit}"),
            Condition::AgeAbove => format!("{of} is {time} ago"),
            Condition::SlowerThan => format!("{of} is above {number} in one case of twenty"),
        }
    }

    /// Tells what has to happen so that it fires.
    pub(crate) fn story(&self) -> Story {
        let limit = self.alert.limit();
        let series = self.series(None);
        let around = if limit == 0.0 { 1.0 } else { limit.abs() * 0.1 };
        let story = match self.alert.when {
            Condition::RateBelow => {
                Story::of([Input::per_second(series, limit * 1.2, limit * 0.8)])
            }
            Condition::RateAbove => {
                Story::of([Input::per_second(series, limit * 0.8, limit + around)])
            }
            Condition::Spike => Story::of([Input::per_second(series, 1.0, limit * 1.2)]).weekly(),
            Condition::Stopped => {
                Story::of([Input::per_second(series, 1.0, 0.0)]).lasting(STOPPED, 1)
            }
            Condition::ShareAbove => {
                let (below, above) = (limit * 8.0, (limit * 12.0).min(10.0));
                Story::of([
                    Input::per_second(series, below, above),
                    Input::per_second(self.series(Some("other")), 10.0 - below, 10.0 - above),
                ])
            }
            Condition::ValueAbove => Story::of([Input::is(series, limit - around, limit + around)]),
            Condition::ValueBelow => Story::of([Input::is(series, limit + around, limit - around)]),
            Condition::AgeAbove => {
                Story::of([Input::last_time(series)]).lasting([60, minutes(limit) + 60, 60], 15)
            }
            Condition::SlowerThan => {
                let labels = self.labels_of_series(None);
                let labels: Vec<_> = labels.iter().map(|pair| format!("{pair},")).collect();
                let labels = labels.concat();
                let series = (self.name.as_str(), labels.as_str());
                Story::of(self.buckets.around(series, limit, 10.0, [0.01, 0.5]))
            }
        };
        story.held(Some(self.alert.hold()))
    }

    /// A series that is watched; or, with another value of the first label that is asked for, one that is not.
    fn series(&self, instead: Option<&str>) -> String {
        format!(
            "{}{{{}}}",
            self.name,
            self.labels_of_series(instead).join(",")
        )
    }

    fn labels_of_series(&self, instead: Option<&str>) -> Vec<String> {
        let asked = self.alert.labels.iter().enumerate();
        let asked = asked.map(|(index, (label, value))| {
            let value = instead.filter(|_| index == 0).unwrap_or(value);
            (label, value)
        });
        let others = self.alert.by.iter();
        let others = others.filter(|label| !self.alert.labels.contains_key(*label));
        let pairs = asked.chain(others.map(|label| (label, "a")));
        pairs
            .map(|(label, value)| format!("{}=\"{}\"", self.label(label), escaped(value)))
            .collect()
    }

    fn matchers(&self) -> String {
        let labels = self.alert.labels.iter();
        let matchers =
            labels.map(|(label, value)| format!("{}=\"{}\"", self.label(label), escaped(value)));
        matchers.collect::<Vec<_>>().join(",")
    }

    fn by(&self) -> String {
        let labels = self.alert.by.iter().map(|label| self.label(label));
        ["job"]
            .into_iter()
            .chain(labels)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn label<'b>(&'b self, label: &'b str) -> &'b str {
        self.labels.get(label).map_or(label, String::as_str)
    }
}

/// Why an alert that was set cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAlert {
    /// A name that cannot be one of a page and a label.
    #[error("`{}` is no name of an alert: take letters and digits, and a letter first", .alert.escape_debug())]
    #[non_exhaustive]
    Name {
        /// The name.
        alert: String,
    },
    /// A name that another alert has.
    #[error("there is an alert `{alert}` already, and each has a page: give yours another name")]
    #[non_exhaustive]
    Taken {
        /// The name.
        alert: String,
    },
    /// A metric that the service does not have.
    #[error(
        "alert `{alert}` watches `{metric}`, which its service does not have: mend the name, or declare the metric"
    )]
    #[non_exhaustive]
    NoMetric {
        /// The alert.
        alert: String,
        /// The metric.
        metric: String,
    },
    /// A label that the metric does not have.
    #[error(
        "alert `{alert}` asks for the label `{label}`, which `{metric}` does not have: mend the name"
    )]
    #[non_exhaustive]
    NoLabel {
        /// The alert.
        alert: String,
        /// The metric.
        metric: String,
        /// The label.
        label: String,
    },
    /// A condition that makes no sense of a metric of its kind.
    #[error(
        "alert `{alert}` cannot ask for `{when}` of `{metric}`: rates, spikes, shares and `stopped` are of counters, values \
         and ages of gauges, `slower_than` of histograms"
    )]
    #[non_exhaustive]
    Kind {
        /// The alert.
        alert: String,
        /// The metric.
        metric: String,
        /// The condition.
        when: &'static str,
    },
    /// A limit that cannot be passed, or is missing.
    #[error(
        "alert `{alert}` could never fire: `{when}` takes a `limit` that values can pass in both directions; `share_above` one \
         between 0 and 1 and the `labels` of the part; `stopped` takes none"
    )]
    #[non_exhaustive]
    Limit {
        /// The alert.
        alert: String,
        /// The condition.
        when: &'static str,
    },
    /// A limit on a percentile that the bounds of the histogram cannot decide.
    #[error(
        "alert `{alert}` would say nothing: its `limit` is {limit}, and the bounds of `{metric}` decide from {least} to below \
         {most}; set one between them, or give the histogram other bounds"
    )]
    #[non_exhaustive]
    Undecided {
        /// The alert.
        alert: String,
        /// The histogram.
        metric: String,
        /// The limit.
        limit: f64,
        /// The least that its bounds decide.
        least: f64,
        /// From where on they do not.
        most: f64,
    },
    /// A histogram that the Prometheus does not keep.
    #[error(
        "alert `{alert}` watches `{metric}`, whose buckets follow its values: Prometheus 2 keeps no such histogram unless a \
         feature is switched on; write for `--target prometheus3`, or give the histogram bounds"
    )]
    #[non_exhaustive]
    Native {
        /// The alert.
        alert: String,
        /// The histogram.
        metric: String,
    },
    /// A part and its whole that are told apart by the same label.
    #[error(
        "alert `{alert}` asks for the label `{label}` in `labels` and in `by`: of the series with that value the share is \
         always 1, so take it out of `by`"
    )]
    #[non_exhaustive]
    WholePart {
        /// The alert.
        alert: String,
        /// The label.
        label: String,
    },
    /// A hold that is too long for the condition.
    #[error(
        "alert `{alert}` cannot hold for {hold} seconds: {}, so give at most {longest} in `hold_seconds`",
        ends(*.longest)
    )]
    #[non_exhaustive]
    Hold {
        /// The alert.
        alert: String,
        /// How long it was to be, in seconds.
        hold: u32,
        /// The longest that can be, in seconds.
        longest: u32,
    },
}

/// Why nothing may hold for longer.
fn ends(longest: u32) -> &'static str {
    if longest == LONGEST_STOPPED {
        "an hour after it has stopped, nothing says any more that it ever grew"
    } else {
        "nobody would be told in time"
    }
}

/// The category of these alerts, which are not in it: each service has its own.
pub(crate) const DECLARED: Category = Category {
    name: "declared",
    about: "What services measure of their own.",
    alerts: &[],
};

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// As a template of Prometheus writes what is no template.
pub(crate) fn literal(text: &str) -> String {
    text.replace("{{", r#"{{ "{{" }}"#)
}

/// As PromQL writes it between quotes.
fn escaped(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

/// The minutes in so many seconds, which are checked to be few.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is checked to be positive and less than a year"
)]
fn minutes(seconds: f64) -> u32 {
    (seconds / 60.0).ceil() as u32
}

const fn usual_severity() -> Severity {
    Severity::Warning
}

const fn usual_hold() -> u32 {
    600
}

/// The percentile that `slower_than` is about, as a share.
const SLOWEST: f64 = 0.95;

/// In seconds: what stopped is told for an hour, from ten minutes after it stopped on.
const LONGEST_STOPPED: u32 = 45 * 60;

/// The stretches of its story, to the second of which its hold is added.
pub(super) const STOPPED: [u32; 3] = [30, 20, 60];

/// A month, in seconds.
const LONGEST_AGE: f64 = 31.0 * 86_400.0;
