//! Such an alert in the names of one spelling: its expression, what it says, and its story.

use std::collections::BTreeMap;

use super::alert::{Condition, DeclaredAlert, SLOWEST};
use crate::alerts::{Input, Story};
use crate::histogram::Buckets;

/// A declared alert in the names of one spelling.
#[derive(Debug)]
pub(crate) struct Spelled<'a> {
    pub(super) alert: &'a DeclaredAlert,
    pub(super) buckets: Buckets,
    pub(super) name: String,
    /// By their default spelling.
    pub(super) labels: BTreeMap<&'a str, String>,
}

impl Spelled<'_> {
    /// Returns the expression.
    pub(crate) fn expr(&self) -> String {
        let (name, limit) = (&self.name, self.alert.limit());
        let (part, by) = (self.matchers(), self.by());
        let rate = |series: &str| format!("sum by ({by}) (rate({series}[5m]))");
        let chosen = format!("{name}{{{part}}}");
        match self.alert.when {
            Condition::RateBelow => {
                format!("({}\n  or {}) < {limit}", rate(&chosen), self.none(&chosen))
            }
            Condition::RateAbove => format!("{} > {limit}", rate(&chosen)),
            Condition::Spike => format!(
                "{}\n  > {limit} * (sum by ({by}) (rate({chosen}[5m] offset 1w)) > 0)",
                rate(&chosen)
            ),
            Condition::Stopped => format!(
                "(sum by ({by}) (increase({chosen}[10m]))\n  or 0 * sum by ({by}) (increase({chosen}[1h] offset 10m))) == 0\n  and sum by ({by}) (increase({chosen}[1h] offset 10m)) > 0"
            ),
            Condition::ShareAbove => {
                format!("{}\n  / ({} > 0)\n  > {limit}", rate(&chosen), rate(name))
            }
            Condition::ValueAbove => format!("max by ({by}) ({chosen}) > {limit}"),
            Condition::ValueBelow => format!("min by ({by}) ({chosen}) < {limit}"),
            Condition::AgeAbove => {
                // A process that is new does not know of it.
                format!("time() - max by ({by}) (max_over_time({chosen}[7d]) > 0) > {limit}")
            }
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

    /// Returns 0 for what should grow, even where a process that is new has not counted it yet: for the service; or, of parts of
    /// it, for those that there were a day ago, because nobody else knows of them.
    fn none(&self, chosen: &str) -> String {
        match self.by().as_str() {
            "job" => "0 * sum by (job) (up)".to_owned(),
            by => format!("0 * sum by ({by}) (rate({chosen}[5m] offset 1d))"),
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
                let none = [
                    Input::stops(series.clone(), limit * 1.2),
                    Input::is("up{instance=\"a\"}", 1.0, 1.0),
                ];
                let none = Story::of(none).daily();
                Story::of([Input::per_second(series, limit * 1.2, limit * 0.8)])
                    .and("none after a restart", none)
            }
            Condition::RateAbove => {
                Story::of([Input::per_second(series, limit * 0.8, limit + around)])
            }
            Condition::Spike => Story::of([Input::per_second(series, 1.0, limit * 1.2)]).weekly(),
            Condition::Stopped => {
                let none = Story::of([Input::stops(series.clone(), 1.0)]).lasting(STOPPED, 1);
                Story::of([Input::per_second(series, 1.0, 0.0)])
                    .lasting(STOPPED, 1)
                    .and("none after a restart", none)
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
            Condition::AgeAbove => Story::of([Input::last_time(series.clone())])
                .lasting([60, minutes(limit) + 60, 60], 15)
                .and_forgotten(series),
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

/// The stretches of its story, to the second of which its hold is added.
pub(in crate::alerts) const STOPPED: [u32; 3] = [30, 20, 60];
