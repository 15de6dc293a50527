//! Objectives as rules: what they count, recorded for every window, and the alerts of their tiers.
//!
//! Bad events and all events are recorded apart and divided last. An average of ratios would weigh a quiet hour as much as
//! a busy one, and be no number at all after an hour without requests. The long windows add up *slices*: means of the rates
//! of the shortest window, which follow each other at the same distance, so that the quotient is exact, and costs one sample for
//! each slice instead of one for each evaluation. Between two slices no such sum changes, so none is taken. As with any rate of
//! Prometheus, time of which nothing is known had no events: the rate of a window times its length is what was counted in it.

use std::fmt::Write as _;
use std::time::Duration;

use radiosonde_catalog::objective::{
    Decimal, LowTraffic, Objective, Scope, Severity as Urgency, Tier,
};

use super::alerting::{Bearing, held};
use super::rules::{AlertRule, Group, RecordRule, Rule};
use crate::alerts::Severity;
use crate::duration::written;
use crate::promql::Spelling;
use crate::settings::Settings;

/// The label `category` of their alerts, and the name of their file.
pub(crate) const CATEGORY: &str = "objectives";

/// An objective of a service, ready to be written.
pub(super) struct Slo<'a> {
    pub(super) objective: &'a Objective,
    pub(super) service: &'a str,
    spelling: Spelling,
    bearing: Bearing,
    pub(super) settings: &'a Settings,
    evaluation_interval: Duration,
}

impl<'a> Slo<'a> {
    /// Takes an objective of a service. Its own team goes before that of the service.
    pub(super) fn new(
        objective: &'a Objective,
        service: &'a str,
        spelling: &Spelling,
        bearing: &Bearing,
        settings: &'a Settings,
        evaluation_interval: Duration,
    ) -> Self {
        let mut bearing = bearing.clone();
        if let Some(team) = objective.team() {
            bearing.team = Some(team.to_owned());
        }
        Self {
            objective,
            service,
            spelling: spelling.clone(),
            bearing,
            settings,
            evaluation_interval,
        }
    }

    /// Returns its groups: one for what pages, one for its history, which changes with each slice and no sooner, and one, less
    /// often than the first, for what may wait.
    ///
    /// Rules of a group run in their order, so that an alert sees what was recorded just before.
    pub(super) fn groups(&self) -> [Group; 3] {
        let name = format!("{}.slo.{}", self.service, self.objective.name());
        let [page, ticket] = [Urgency::Page, Urgency::Ticket].map(|urgency| self.burning(urgency));
        let quick = SHORT_WINDOWS.iter().flat_map(|window| self.rates(window));
        let current = self.record(
            "slo:current_burn_rate:ratio",
            "slo:error_ratio:rate1h / $budget",
        );
        let windows = self.long_windows();
        let history = windows.iter().flat_map(|window| self.sums(window));
        let counted = MIDDLE_WINDOWS.iter().flat_map(|window| self.rates(window));
        let slow = counted
            .chain(windows.iter().flat_map(|window| self.latest(window)))
            .chain(self.state());
        [
            Group {
                name: name.clone(),
                interval: None,
                rules: quick
                    .chain([current])
                    .chain(page)
                    .chain(self.traffic().map(Rule::Alert))
                    .collect(),
            },
            Group {
                name: format!("{name}.slices"),
                interval: Some(written(self.slice())),
                rules: self.slices().into_iter().chain(history).collect(),
            },
            Group {
                name: format!("{name}.slow"),
                interval: Some(written(self.evaluation_interval * SLOW)),
                rules: slow
                    .chain(ticket)
                    .chain([Rule::Alert(self.exhausted())])
                    .collect(),
            },
        ]
    }

    /// Records a window by the rates of its counters.
    fn rates(&self, window: &str) -> Vec<Rule> {
        let by = self.labels();
        let rate = |name: &str, counter: &str| {
            let expr = format!("sum by ({by}) (rate({counter}[{window}]))");
            self.record(&format!("slo:{name}:rate{window}"), &expr)
        };
        vec![
            rate("events", "slo_events_total"),
            rate("errors", "slo_bad_events_total"),
            self.ratio(&format!("rate{window}")),
        ]
    }

    /// How long a slice is, and how often one is recorded, so that they stand beside each other.
    pub(super) fn slice(&self) -> Duration {
        self.evaluation_interval * SLICES
    }

    fn slices(&self) -> [Rule; 2] {
        let window = written(self.slice());
        ["events", "errors"].map(|what| {
            let expr = format!("avg_over_time(slo:{what}:rate5m[{window}])");
            self.record(&format!("slo:{what}:slice"), &expr)
        })
    }

    /// Records the rates of a window of slices. An average of those that there are would make a day of the first ten minutes.
    fn sums(&self, window: &LongWindow) -> [Rule; 2] {
        let slice = self.slice();
        // It begins between two slices, so that all versions of Prometheus find as many.
        let reach = written(window.length.saturating_sub(slice / 2));
        let (part, whole) = (slice.as_secs_f64(), window.length.as_secs());
        ["events", "errors"].map(|what| {
            let expr = format!("sum_over_time(slo:{what}:slice[{reach}]) * {part} / {whole}");
            self.record(&window.history(what), &expr)
        })
    }

    /// Records a window by the latest sums of its slices, often enough to be found at any time.
    fn latest(&self, window: &LongWindow) -> [Rule; 3] {
        let within = written(self.slice() * 2);
        let latest = |what: &str| {
            let expr = format!("last_over_time({}[{within}])", window.history(what));
            self.record(&format!("slo:{what}:{}", window.suffix), &expr)
        };
        [
            latest("events"),
            latest("errors"),
            self.ratio(&window.suffix),
        ]
    }

    fn long_windows(&self) -> [LongWindow; 3] {
        let [day, days] = LONG_WINDOWS.map(|length| LongWindow {
            suffix: format!("rate{}", written(length)),
            length,
        });
        let period = LongWindow {
            suffix: "period".to_owned(),
            length: self.objective.period(),
        };
        [day, days, period]
    }

    /// Records the share of bad events, which is absent while there are no events.
    fn ratio(&self, suffix: &str) -> Rule {
        let expr = format!("slo:errors:{suffix} / (slo:events:{suffix} > 0)");
        self.record(&format!("slo:error_ratio:{suffix}"), &expr)
    }

    /// Records what is promised, and how much of the budget is left.
    fn state(&self) -> [Rule; 3] {
        let constant = |name: &str, value: String| {
            Rule::Record(RecordRule {
                name: name.to_owned(),
                expr: format!("vector({value})"),
                labels: vec![("job", self.service.to_owned()), self.slo()],
            })
        };
        [
            constant("slo:objective:ratio", self.objective.target().to_string()),
            constant(
                "slo:error_budget:ratio",
                self.objective.budget().to_string(),
            ),
            self.record(
                "slo:period_error_budget_remaining:ratio",
                // Without events the whole budget is left.
                "1 - (slo:error_ratio:period or 0 * slo:events:period) / $budget",
            ),
        ]
    }

    /// Returns the alerts of the tiers of this urgency.
    fn burning(&self, urgency: Urgency) -> Vec<Rule> {
        let tiers = self.objective.tiers().into_iter();
        let tiers = tiers.filter(|tier| tier.severity == urgency);
        tiers.map(|tier| Rule::Alert(self.burns(&tier))).collect()
    }

    fn burns(&self, tier: &Tier) -> AlertRule {
        let (long, short) = (written(tier.long), written(tier.short));
        let limit = tier.threshold;
        let mut expr = format!(
            "slo:error_ratio:rate{long} > {limit}\n  and slo:error_ratio:rate{short} > {limit}"
        );
        if let Some(enough) = self.enough(tier, &long) {
            expr.push_str("\n  and ");
            expr.push_str(&enough);
        }
        let texts = self.burning_texts(tier, &long, &short);
        let (name, severity, hold, keep) = match tier.severity {
            Urgency::Page => (PAGE, Severity::Critical, "0s", "5m"),
            _ => (TICKET, Severity::Warning, "15m", "0s"),
        };
        let mut rule = self.alert((name, hold), severity, &expr, texts);
        rule.labels.extend([
            ("burn_tier", tier.name.to_owned()),
            ("long", long),
            ("short", short),
        ]);
        AlertRule { keep, ..rule }
    }

    fn burning_texts(&self, tier: &Tier, long: &str, short: &str) -> [String; 2] {
        let (slo, service) = (self.objective.name(), self.service);
        let what = match self.objective.scope() {
            Scope::Each(_) => format!("{slo} of {service}, {{{{ {} }}}}", self.route()),
            _ => format!("{slo} of {service}"),
        };
        let budget = self.objective.budget();
        let (period, seconds) = (
            written(self.objective.period()),
            self.objective.period().as_secs(),
        );
        let left = "clamp_min(slo:period_error_budget_remaining:ratio, 0)";
        let lasts = format!("{left} * {seconds} / (slo:current_burn_rate:ratio > 0)");
        [
            format!(
                "{what}: {{{{ $value | humanizePercentage }}}} of the requests in {long} were bad, and {} % may be",
                percent(budget)
            ),
            format!(
                "In the last {long}, and still in the last {short}, more than {} times as many requests were bad as may be \
                 over {period}. Of the error budget {} is left. At the rate of the last hour it lasts for {}.",
                tier.factor,
                self.asked(left, "humanizePercentage"),
                self.asked(&lasts, "humanizeDuration"),
            ),
        ]
    }

    /// Returns what has to hold so that a few bad events do not tell anybody.
    fn enough(&self, tier: &Tier, long: &str) -> Option<String> {
        let seconds = tier.long.as_secs();
        let bad = format!("slo:errors:rate{long} * {seconds}");
        match self.objective.low_traffic() {
            LowTraffic::LeastBad { .. } => {
                let least = self.least_bad(tier.severity);
                (least > 0).then(|| format!("{bad} >= {least}"))
            }
            LowTraffic::ShareOfBudget => {
                let (spent, budget) = (tier.spent, self.objective.budget());
                let period = self.objective.period().as_secs();
                Some(format!(
                    "{bad} >= {spent} * {budget} * slo:events:period * {period}"
                ))
            }
            _ => None,
        }
    }

    /// Returns how many bad events there have to be before somebody is told so.
    pub(super) fn least_bad(&self, urgency: Urgency) -> u32 {
        match (self.objective.low_traffic(), urgency) {
            (LowTraffic::LeastBad { page, .. }, Urgency::Page) => page,
            (LowTraffic::LeastBad { ticket, .. }, _) => ticket,
            _ => 0,
        }
    }

    /// Tells of a spent budget, when the process does: more was bad than may be, and as much as would page.
    fn exhausted(&self) -> AlertRule {
        let (service, slo) = (self.service, self.objective.name());
        let period = written(self.objective.period());
        let texts = [
            format!("{slo} of {service} has no error budget left"),
            format!(
                "More requests of the last {period} were bad than may be. What is released now should make it better."
            ),
        ];
        let mut expr = "slo:period_error_budget_remaining:ratio < 0".to_owned();
        let least = self.least_bad(Urgency::Page);
        if least > 0 {
            let seconds = self.objective.period().as_secs();
            let _ = write!(expr, "\n  and slo:errors:period * {seconds} >= {least}");
        }
        self.alert((EXHAUSTED, "15m"), Severity::Warning, &expr, texts)
    }

    /// Tells of no requests, where there always are some.
    fn traffic(&self) -> Option<AlertRule> {
        self.objective.expects_traffic().then(|| {
            let (service, slo) = (self.service, self.objective.name());
            let texts = [
                format!("{slo} of {service} sees no requests"),
                "The objective is said to have requests at all times. Without any, nothing says whether they would be \
                 answered."
                    .to_owned(),
            ];
            let expr = "slo:events:rate30m == 0";
            self.alert((NO_TRAFFIC, "10m"), Severity::Warning, expr, texts)
        })
    }

    fn alert(
        &self,
        (name, hold): (&str, &str),
        severity: Severity,
        expr: &str,
        texts: [String; 2],
    ) -> AlertRule {
        let [summary, description] = texts;
        let mut annotations = vec![("summary", summary), ("description", description)];
        annotations.extend(self.bearing.links(name));
        AlertRule {
            name: name.to_owned(),
            expr: self.spelled(expr),
            hold: held(name, hold, self.settings),
            keep: "0s",
            labels: self.alert_labels(severity),
            annotations,
        }
    }

    /// Returns the labels of its alerts, save those of a tier.
    pub(super) fn alert_labels(&self, severity: Severity) -> Vec<(&'static str, String)> {
        let labels = self.bearing.labels(severity, CATEGORY);
        labels.chain([self.slo()]).collect()
    }

    fn record(&self, name: &str, expr: &str) -> Rule {
        Rule::Record(RecordRule {
            name: name.to_owned(),
            expr: self.spelled(expr),
            labels: vec![self.slo()],
        })
    }

    /// Spells an expression in which every series is one of this objective.
    fn spelled(&self, expr: &str) -> String {
        let budget = self.objective.budget().to_string();
        let own = Spelling::default().matchers(format!("slo=\"{}\"", self.objective.name()));
        self.spelling
            .spell(&own.value("budget", budget).spell(expr))
    }

    fn slo(&self) -> (&'static str, String) {
        ("slo", self.objective.name().to_owned())
    }

    /// The labels that tell its budgets apart.
    fn labels(&self) -> &'static str {
        match self.objective.scope() {
            Scope::Each(_) => "job, route",
            _ => "job",
        }
    }

    /// Returns a template of Prometheus that asks for the value of an expression: the one of the route that the alert is
    /// about, if it is about one.
    fn asked(&self, expr: &str, format: &str) -> String {
        let expr = self.spelled(expr).replace('"', "'");
        let query = match self.objective.scope() {
            Scope::Each(_) => {
                let route = self.route();
                let label = route.trim_start_matches("$labels.");
                // What else the expression names is matched to its first series.
                let expr = expr.replacen('}', &format!(",{label}=%q}}"), 1);
                format!("printf `{expr}` {route} | query")
            }
            _ => format!("query `{expr}`"),
        };
        format!(
            "{{{{ with {query} }}}}{{{{ . | first | value | {format} }}}}{{{{ else }}}}an unknown part{{{{ end }}}}"
        )
    }

    /// Returns the label of a route as a template names it.
    fn route(&self) -> String {
        self.spelling
            .spell_text("slo:events:rate5m", "$labels.route")
    }
}

/// A window that is read from slices.
struct LongWindow {
    /// How the series of it end.
    suffix: String,
    length: Duration,
}

impl LongWindow {
    /// The name of the sums, which are there only when a slice is.
    fn history(&self, what: &str) -> String {
        format!("slo:{what}:slices_{}", self.suffix)
    }
}

/// Writes a share in per cent, without what binary fractions add.
fn percent(share: Decimal) -> String {
    let text = format!("{:.10}", share.as_f64() * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Alerts of objectives.
pub(crate) const PAGE: &str = "SLOBurnPage";
pub(crate) const TICKET: &str = "SLOBurnTicket";
pub(crate) const EXHAUSTED: &str = "SLOBudgetExhausted";
pub(crate) const NO_TRAFFIC: &str = "SLONoTraffic";

/// All of them.
pub(crate) const OF_OBJECTIVES: [&str; 4] = [PAGE, TICKET, EXHAUSTED, NO_TRAFFIC];

/// The tiers that there are, from the fastest to the slowest. A faster one fires first, so that the slower finds it there
/// already.
pub(crate) const TIERS: [&str; 4] = ["fast", "slow", "ticket-fast", "ticket-slow"];

/// Windows of which every evaluation may change what pages. They are read from the counters themselves.
const SHORT_WINDOWS: [&str; 3] = ["5m", "30m", "1h"];

/// Windows that are read from the counters, too, and less often: of six hours, two minutes are half a hundredth.
const MIDDLE_WINDOWS: [&str; 2] = ["2h", "6h"];

/// How many times less often the slow group is evaluated: at 30 s every two minutes, below the five for which Prometheus
/// looks back.
const SLOW: u32 = 4;

/// How many times less often slices are recorded: at 30 s every ten minutes, of which thirty days have 4320.
const SLICES: u32 = 20;

const LONG_WINDOWS: [Duration; 2] = [Duration::from_hours(24), Duration::from_hours(72)];
