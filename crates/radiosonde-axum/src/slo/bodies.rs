//! The answer in JSON.

use radiosonde_metrics::slo::{BudgetReport, TierReport, WindowReport};
use serde::Serialize;

/// How every budget stands.
#[derive(Debug, Serialize)]
pub(super) struct SloBody<'a> {
    service: &'a str,
    budgets: Vec<BudgetBody<'a>>,
}

/// How one budget stands.
#[derive(Debug, Serialize)]
struct BudgetBody<'a> {
    slo: &'a str,
    /// `null` unless the objective is about each route.
    route: Option<&'a str>,
    kind: &'static str,
    target: f64,
    threshold_seconds: Option<f64>,
    period_seconds: u64,
    state: &'static str,
    remaining: f64,
    exhausted_in_seconds: Option<u64>,
    little_traffic: bool,
    windows: Vec<WindowBody>,
    tiers: Vec<TierBody>,
}

#[derive(Debug, Serialize)]
struct WindowBody {
    window: &'static str,
    events: u64,
    bad: u64,
    burn_rate: f64,
}

/// A tier whose burn rate is exceeded.
#[derive(Debug, Serialize)]
struct TierBody {
    tier: &'static str,
    severity: &'static str,
    factor: f64,
    burn_rate: f64,
}

impl<'a> SloBody<'a> {
    pub(super) fn new(service: &'a str, reports: &'a [BudgetReport]) -> Self {
        Self {
            service,
            budgets: reports.iter().map(BudgetBody::new).collect(),
        }
    }
}

impl<'a> BudgetBody<'a> {
    fn new(report: &'a BudgetReport) -> Self {
        let objective = &report.objective;
        Self {
            slo: objective.name(),
            route: Some(report.route.as_str()).filter(|route| !route.is_empty()),
            kind: objective.kind().as_str(),
            target: objective.target().as_f64(),
            threshold_seconds: objective.threshold_seconds(),
            period_seconds: objective.period().as_secs(),
            state: report.state.as_str(),
            remaining: report.remaining,
            exhausted_in_seconds: report.exhausted_in.map(|left| left.as_secs()),
            little_traffic: report.little_traffic,
            windows: report.windows.iter().map(WindowBody::new).collect(),
            tiers: report.tiers.iter().map(TierBody::new).collect(),
        }
    }
}

impl WindowBody {
    fn new(report: &WindowReport) -> Self {
        Self {
            window: report.name,
            events: report.counts.events,
            bad: report.counts.bad,
            burn_rate: report.burn_rate,
        }
    }
}

impl TierBody {
    fn new(report: &TierReport) -> Self {
        Self {
            tier: report.tier.name,
            severity: report.tier.severity.as_str(),
            factor: report.tier.factor.as_f64(),
            burn_rate: report.burn_rate,
        }
    }
}
