//! One objective: what it promises, and its alerts.

use std::fmt::Write as _;
use std::time::Duration;

use radiosonde_catalog::objective::{
    Decimal, LowTraffic, Objective, Scope, Severity as Urgency, Tier,
};

use crate::alerts::Severity;
use crate::duration::written;
use crate::prometheus::alerting::{Bearing, held};
use crate::prometheus::rules::{AlertRule, RecordRule, Rule};
use crate::promql::Spelling;
use crate::settings::Settings;

/// The label `category` of their alerts, and the name of their file.
pub(crate) const CATEGORY: &str = "objectives";

/// An objective of a service, ready to be written.
pub(in crate::prometheus) struct Slo<'a> {
    pub(in crate::prometheus) objective: &'a Objective,
    pub(in crate::prometheus) service: &'a str,
    spelling: Spelling,
    bearing: Bearing,
    pub(in crate::prometheus) settings: &'a Settings,
    /// How long a slice of its history is.
    pub(in crate::prometheus) slice: Duration,
}

impl<'a> Slo<'a> {
    /// Takes an objective of a service. Its own team goes before that of the service.
    pub(super) fn new(
        objective: &'a Objective,
        service: &'a str,
        spelling: &Spelling,
        bearing: &Bearing,
        settings: &'a Settings,
        slice: Duration,
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
            slice,
        }
    }

    /// Records what is promised.
    pub(super) fn promised(&self) -> [Rule; 3] {
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
            constant(
                "slo:period:seconds",
                self.objective.period().as_secs().to_string(),
            ),
        ]
    }

    /// Returns the alerts that every evaluation may raise.
    pub(super) fn quick_alerts(&self) -> Vec<AlertRule> {
        self.burning(is_quick)
    }

    /// Returns the alerts that look back further, and can wait.
    pub(super) fn slow_alerts(&self) -> Vec<AlertRule> {
        let mut alerts = self.burning(|tier| !is_quick(tier));
        alerts.extend(self.traffic());
        alerts.push(self.exhausted());
        alerts
    }

    /// Returns the alerts of such tiers.
    fn burning(&self, is_such: impl Fn(&Tier) -> bool) -> Vec<AlertRule> {
        let tiers = self.objective.tiers().into_iter();
        let tiers = tiers.filter(is_such);
        tiers.map(|tier| self.burns(&tier)).collect()
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
        let period = written(self.objective.period());
        [
            format!(
                "{what}: {{{{ $value | humanizePercentage }}}} of the requests in {long} were bad, and {} % may be",
                percent(budget)
            ),
            format!(
                "In the last {long}, and still in the last {short}, more than {} times as many requests were bad as may be \
                 over {period}. Of the error budget {} is left. At the rate of the last hour it lasts {}.",
                tier.factor,
                self.asked(
                    "clamp_min(slo:period_error_budget_remaining:ratio, 0)",
                    "humanizePercentage",
                    "an unknown part"
                ),
                self.asked(
                    "slo:exhausted_in:seconds",
                    "humanizeDuration",
                    "for an unknown time"
                ),
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
    pub(in crate::prometheus) fn least_bad(&self, urgency: Urgency) -> u32 {
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
    pub(in crate::prometheus) fn alert_labels(
        &self,
        severity: Severity,
    ) -> Vec<(&'static str, String)> {
        let labels = self.bearing.labels(severity, CATEGORY);
        labels.chain([self.slo()]).collect()
    }

    /// Spells an expression in which every series is one of this objective.
    fn spelled(&self, expr: &str) -> String {
        let own = Spelling::default().matchers(format!("slo=\"{}\"", self.objective.name()));
        self.spelling.spell(&own.spell(expr))
    }

    fn slo(&self) -> (&'static str, String) {
        ("slo", self.objective.name().to_owned())
    }

    /// Returns a template of Prometheus that asks for the value of an expression: the one of the route that the alert is
    /// about, if it is about one. The expression names one series: the template asks for each alert, at each evaluation.
    fn asked(&self, expr: &str, format: &str, otherwise: &str) -> String {
        let expr = self.spelled(expr).replace('"', "'");
        let query = match self.objective.scope() {
            Scope::Each(_) => {
                let route = self.route();
                let label = route.trim_start_matches("$labels.");
                let expr = expr.replacen('}', &format!(",{label}=%q}}"), 1);
                format!("printf `{expr}` {route} | query")
            }
            _ => format!("query `{expr}`"),
        };
        format!(
            "{{{{ with {query} }}}}{{{{ . | first | value | {format} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"
        )
    }

    /// Returns the label of a route as a template names it.
    fn route(&self) -> String {
        self.spelling
            .spell_text("slo:events:rate5m", "$labels.route")
    }
}

/// Tells whether every evaluation may change what a tier says.
pub(in crate::prometheus) fn is_quick(tier: &Tier) -> bool {
    tier.long <= Duration::from_hours(1)
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
