//! What is recorded of all objectives of a service, and the groups in which it stands with their alerts.

use std::time::Duration;

use radiosonde_catalog::SLO_EVENTS;

use super::Slo;
use crate::Service;
use crate::duration::written;
use crate::prometheus::alerting::Bearing;
use crate::prometheus::rules::{Group, RecordRule, Rule};
use crate::promql::Spelling;
use crate::settings::Settings;

/// The objectives of a service, ready to be written.
pub(in crate::prometheus) struct Slos<'a> {
    each: Vec<Slo<'a>>,
    service: &'a str,
    spelling: Spelling,
    evaluation_interval: Duration,
    /// How long a slice is, and how often one is recorded, so that they stand beside each other.
    slice: Duration,
}

impl<'a> Slos<'a> {
    /// Takes the objectives of a service.
    pub(in crate::prometheus) fn new(
        service: &'a Service,
        spelling: &Spelling,
        bearing: &Bearing,
        settings: &'a Settings,
        evaluation_interval: Duration,
    ) -> Self {
        let slice = evaluation_interval * SLICES;
        let name = service.name();
        let slo = |objective| Slo::new(objective, name, spelling, bearing, settings, slice);
        Self {
            each: service.catalogue().objectives.iter().map(slo).collect(),
            service: name,
            spelling: spelling.clone(),
            evaluation_interval,
            slice,
        }
    }

    /// Returns them one by one.
    pub(in crate::prometheus) fn iter(&self) -> impl Iterator<Item = &Slo<'a>> {
        self.each.iter()
    }

    /// Returns their groups: one for what wakes somebody within the minute, one for history, which changes with each slice and no
    /// sooner, and one, less often than the first, for what may wait.
    ///
    /// Rules of a group run in their order, so that an alert sees what was recorded just before.
    pub(in crate::prometheus) fn groups(&self) -> [Group; 3] {
        let name = format!("{}.slo", self.service);
        let quick_alerts = self.iter().flat_map(Slo::quick_alerts);
        let slow_alerts = self.iter().flat_map(Slo::slow_alerts);
        let quick = QUICK_WINDOWS.iter().flat_map(|window| self.rates(window));
        let slow = SLOW_WINDOWS.iter().flat_map(|window| self.rates(window));
        let latest = HISTORY.iter().flat_map(|window| self.latest(window));
        let promised = self.iter().flat_map(Slo::promised);
        [
            Group {
                name: name.clone(),
                interval: None,
                rules: quick
                    .chain(self.outlook())
                    .chain(quick_alerts.map(Rule::Alert))
                    .collect(),
            },
            Group {
                name: format!("{name}.slices"),
                interval: Some(written(self.slice)),
                rules: self.slices().into_iter().chain(self.sums()).collect(),
            },
            Group {
                name: format!("{name}.slow"),
                interval: Some(written(self.evaluation_interval * SLOW)),
                rules: slow
                    .chain(latest)
                    .chain(promised)
                    .chain([self.remaining()])
                    .chain(slow_alerts.map(Rule::Alert))
                    .collect(),
            },
        ]
    }

    /// Records how the last hour was, and how long the budget lasts when it goes on like that; absent while nothing is bad.
    fn outlook(&self) -> [Rule; 2] {
        [
            self.record(
                "slo:current_burn_rate:ratio",
                &format!("slo:error_ratio:rate1h / {BUDGET}"),
            ),
            self.record(
                "slo:exhausted_in:seconds",
                "clamp_min(slo:period_error_budget_remaining:ratio, 0)\n  \
                 * on (job, slo) group_left () slo:period:seconds\n  / (slo:current_burn_rate:ratio > 0)",
            ),
        ]
    }

    /// Records a window by the rates of its counters.
    fn rates(&self, window: &str) -> [Rule; 3] {
        let rate = |name: &str, counter: &str| {
            let expr = format!("sum by (job, slo, route) (rate({counter}[{window}]))");
            Rule::Record(RecordRule {
                name: format!("slo:{name}:rate{window}"),
                expr: self.by_slo(self.spelling.spell(&expr)),
                labels: Vec::new(),
            })
        };
        [
            rate("events", "slo_events_total"),
            rate("errors", "slo_bad_events_total"),
            self.ratio(&format!("rate{window}")),
        ]
    }

    /// Calls the objective `slo`, as alerts and boards do, where the naming calls it otherwise.
    fn by_slo(&self, expr: String) -> String {
        match self.spelling.label_in(SLO_EVENTS.name(), "slo") {
            label if label == "slo" => expr,
            label => format!(
                "sum without ({label}) (label_replace({expr}, \"slo\", \"$1\", \"{label}\", \"(.*)\"))"
            ),
        }
    }

    fn slices(&self) -> [Rule; 2] {
        let window = written(self.slice);
        COUNTED.map(|what| {
            let expr = format!("avg_over_time(slo:{what}:rate5m[{window}])");
            self.record(&format!("slo:{what}:slice"), &expr)
        })
    }

    /// Records the rates of the windows of slices: the period by objective, when they have not all the same.
    fn sums(&self) -> Vec<Rule> {
        let [day, days] = LONG_WINDOWS.map(|(suffix, length)| self.sum(suffix, length, None));
        let period = |slo: &Slo<'_>| slo.objective.period();
        let periods: Vec<_> = match self.each.as_slice() {
            [first, others @ ..] if others.iter().all(|slo| period(slo) == period(first)) => {
                vec![self.sum(PERIOD, period(first), None)]
            }
            each => {
                let own = |slo| self.sum(PERIOD, period(slo), Some(slo.objective.name()));
                each.iter().map(own).collect()
            }
        };
        let windows = [day, days].into_iter().chain(periods);
        windows.flatten().collect()
    }

    /// Records the rates of a window of slices, of one objective or of all. An average of those that there are would make a day of
    /// the first ten minutes.
    fn sum(&self, suffix: &str, length: Duration, slo: Option<&str>) -> [Rule; 2] {
        let own = slo
            .map(|slo| format!("{{slo=\"{slo}\"}}"))
            .unwrap_or_default();
        // It begins between two slices, so that all versions of Prometheus find as many.
        let reach = written(length.saturating_sub(self.slice / 2));
        let (part, whole) = (self.slice.as_secs_f64(), length.as_secs());
        COUNTED.map(|what| {
            let expr = format!("sum_over_time(slo:{what}:slice{own}[{reach}]) * {part} / {whole}");
            Rule::Record(RecordRule {
                name: sums_of(what, suffix),
                expr: self.spelling.spell(&expr),
                // The result has it; the rules of several objectives are told apart by it.
                labels: slo.map(|slo| ("slo", slo.to_owned())).into_iter().collect(),
            })
        })
    }

    /// Records a window by the latest sums of its slices, often enough to be found at any time.
    fn latest(&self, suffix: &str) -> [Rule; 3] {
        let within = written(self.slice * 2);
        let [events, errors] = COUNTED.map(|what| {
            let expr = format!("last_over_time({}[{within}])", sums_of(what, suffix));
            self.record(&format!("slo:{what}:{suffix}"), &expr)
        });
        [events, errors, self.ratio(suffix)]
    }

    /// Records the share of bad events, which is absent while there are no events.
    fn ratio(&self, suffix: &str) -> Rule {
        let expr = format!("slo:errors:{suffix} / (slo:events:{suffix} > 0)");
        self.record(&format!("slo:error_ratio:{suffix}"), &expr)
    }

    /// Records how much of the budget is left: all of it without events.
    fn remaining(&self) -> Rule {
        let spent = format!("(slo:error_ratio:period or 0 * slo:events:period) / {BUDGET}");
        self.record(
            "slo:period_error_budget_remaining:ratio",
            &format!("1 - {spent}"),
        )
    }

    fn record(&self, name: &str, expr: &str) -> Rule {
        Rule::Record(RecordRule {
            name: name.to_owned(),
            expr: self.spelling.spell(expr),
            labels: Vec::new(),
        })
    }
}

/// The name of sums of slices, which are there only when a slice is.
fn sums_of(what: &str, suffix: &str) -> String {
    format!("slo:{what}:slices_{suffix}")
}

/// What is counted, and divided last.
const COUNTED: [&str; 2] = ["events", "errors"];

/// The budget of each objective, beside something of its budgets.
const BUDGET: &str = "on (job, slo) group_left () slo:error_budget:ratio";

/// Windows that are read from the counters themselves, of the fast page.
const QUICK_WINDOWS: [&str; 2] = ["5m", "1h"];

/// Windows that are read from the counters, too, and less often: of six hours, two minutes are half a hundredth.
const SLOW_WINDOWS: [&str; 3] = ["30m", "2h", "6h"];

/// Windows that are read from slices.
const HISTORY: [&str; 3] = [DAY, DAYS, PERIOD];

const LONG_WINDOWS: [(&str, Duration); 2] = [
    (DAY, Duration::from_hours(24)),
    (DAYS, Duration::from_hours(72)),
];

const DAY: &str = "rate1d";
const DAYS: &str = "rate3d";
const PERIOD: &str = "period";

/// How many times less often the slow group is evaluated: at 30 s every two minutes, below the five for which Prometheus
/// looks back.
const SLOW: u32 = 4;

/// How many times less often slices are recorded: at 30 s every ten minutes, of which thirty days have 4320.
const SLICES: u32 = 20;
