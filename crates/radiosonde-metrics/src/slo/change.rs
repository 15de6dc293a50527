//! What is told when a budget stands in another way than before.

use super::{BudgetReport, BudgetState};

/// A budget that stands in another way than before.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// How it stood.
    pub from: BudgetState,
    /// How it stands.
    pub to: BudgetReport,
}

impl Change {
    pub(super) fn log(&self) {
        let Self { from, to } = self;
        let (slo, route) = (to.objective.name(), to.route.as_str());
        let (from, state, remaining) = (from.as_str(), to.state.as_str(), to.remaining);
        let fastest = to.tiers.first();
        let tier = fastest.map_or("", |exceeded| exceeded.tier.name);
        let burn_rate = fastest.map_or(0.0, |exceeded| exceeded.burn_rate);
        let exhausted_in_seconds = to.exhausted_in.map(|left| left.as_secs());
        if self.is_worse() {
            tracing::warn!(
                target: "radiosonde::slo",
                slo, route, from, state, tier, burn_rate, remaining, exhausted_in_seconds,
                "error budget is burning"
            );
        } else {
            tracing::info!(target: "radiosonde::slo", slo, route, from, state, remaining, "error budget burns slower");
        }
    }

    /// Tells whether it stands worse than before.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.to.state > self.from
    }
}
