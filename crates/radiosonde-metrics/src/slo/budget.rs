//! One budget over time: what it counts, and what is shown of it.

use std::time::Duration;

use radiosonde_catalog::objective::{Objective, Tier, WINDOWS};
use radiosonde_catalog::{
    SLO_BAD_EVENTS, SLO_BURN_RATE, SLO_ERROR_BUDGET_REMAINING, SLO_EVENTS, SLO_EXHAUSTED_IN,
    SLO_INFO,
};

use super::history::History;
use super::snapshot::Past;
use super::sources::Scoped;
use super::{BudgetReport, BudgetState, Counts};
use crate::{Counter, Gauge, Registry};

/// One budget over time.
pub(super) struct Budget {
    tiers: Vec<Tier>,
    pub(super) history: History,
    /// What was counted before this process.
    restored: Counts,
    pub(super) state: BudgetState,
    metrics: BudgetMetrics,
}

impl Budget {
    pub(super) fn new(scoped: &Scoped, registry: &Registry) -> Self {
        Self {
            tiers: scoped.objective.tiers(),
            history: History::new(scoped.objective.period()),
            restored: Counts::default(),
            state: BudgetState::Kept,
            metrics: BudgetMetrics::new(scoped, registry),
        }
    }

    /// Takes note of the `total` of this process.
    pub(super) fn sample(&mut self, scoped: &Scoped, now: Duration, total: Counts) -> BudgetReport {
        self.history.advance(now, self.restored.plus(total));
        let report = BudgetReport::new(scoped, &self.tiers, &self.history);
        self.metrics.show(total, &report);
        report
    }

    /// Tells whether a past fits.
    pub(super) fn take_over(&mut self, past: Past, now: Duration, scoped: &Scoped) -> bool {
        let Past { total, marks, .. } = past;
        let restored = History::restored(scoped.objective.period(), now, total, marks);
        let Some(restored) = restored else {
            return false;
        };
        self.restored = total;
        self.history = restored;
        true
    }
}

/// What a registry shows of one budget.
struct BudgetMetrics {
    events: Counter,
    bad: Counter,
    remaining: Gauge,
    exhausted_in: Gauge,
    burn_rates: [Gauge; WINDOWS.len()],
}

impl BudgetMetrics {
    fn new(scoped: &Scoped, registry: &Registry) -> Self {
        let labels = [scoped.objective.name(), scoped.route.as_str()];
        let [slo, route] = labels;
        let metrics = Self {
            events: registry.counter(&SLO_EVENTS, &labels),
            bad: registry.counter(&SLO_BAD_EVENTS, &labels),
            remaining: registry.gauge(&SLO_ERROR_BUDGET_REMAINING, &labels),
            exhausted_in: registry.gauge(&SLO_EXHAUSTED_IN, &labels),
            burn_rates: WINDOWS
                .map(|(window, _)| registry.gauge(&SLO_BURN_RATE, &[slo, route, window])),
        };
        metrics.remaining.set(1.0);
        metrics.exhausted_in.set(f64::INFINITY);
        metrics
    }

    fn show(&self, total: Counts, report: &BudgetReport) {
        // In this order: no reading has more bad requests than requests.
        self.events.raise_to(total.events);
        self.bad.raise_to(total.bad);
        self.remaining.set(report.remaining);
        let lasts = report.exhausted_in.map(|left| left.as_secs_f64());
        self.exhausted_in.set(lasts.unwrap_or(f64::INFINITY));
        for (gauge, window) in self.burn_rates.iter().zip(&report.windows) {
            gauge.set(window.burn_rate);
        }
    }
}

/// Shows what an objective promises.
pub(super) fn show(objective: &Objective, registry: &Registry) {
    let threshold = objective.threshold_seconds();
    let threshold = threshold.map_or_else(String::new, |seconds| format!("{seconds:?}"));
    let labels = [
        objective.name(),
        objective.kind().as_str(),
        &objective.target().to_string(),
        &threshold,
        &objective.period().as_secs().to_string(),
        objective.team().unwrap_or_default(),
    ];
    registry.gauge(&SLO_INFO, &labels).set(1.0);
}
