//! What is known of budgets at one moment.

use std::sync::Arc;
use std::time::Duration;

use radiosonde_catalog::objective::{Decimal, LowTraffic, Objective, Severity, Tier, WINDOWS};

use super::Counts;
use super::history::History;
use super::sources::Scoped;

/// How one budget stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BudgetReport {
    /// The objective.
    pub objective: Arc<Objective>,
    /// The route, when the objective is about each route by itself; else empty.
    pub route: String,
    /// How it stands.
    pub state: BudgetState,
    /// The requests of the period.
    pub period: Counts,
    /// The share of the budget that is left: 1 when nothing was spent, below 0 when more was spent than there was.
    pub remaining: f64,
    /// How long the budget lasts when requests go on failing as in the last hour and nothing is regained; `None` when that is
    /// longer than the period, after which all that was spent is regained.
    pub exhausted_in: Option<Duration>,
    /// What happened in each window, the shortest first. The last one is the period.
    pub windows: Vec<WindowReport>,
    /// The tiers whose burn rate is exceeded in both windows, the fastest first.
    pub tiers: Vec<TierReport>,
    /// Whether a single bad request would exceed the fastest tier, because there are so few in its long window.
    pub little_traffic: bool,
}

/// What happened in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct WindowReport {
    /// Its name: `5m`, `30m`, `1h`, `2h`, `6h`, `1d`, `3d` or `period`.
    pub name: &'static str,
    /// Its requests.
    pub counts: Counts,
    /// The share of bad requests in units of the budget; 0 without requests.
    pub burn_rate: f64,
}

/// A tier whose burn rate is exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TierReport {
    /// The tier.
    pub tier: Tier,
    /// The burn rate of its long window.
    pub burn_rate: f64,
}

/// How a budget stands, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BudgetState {
    /// It lasts.
    Kept,
    /// It is spent faster than somebody should be told with a ticket.
    Ticket,
    /// It is spent so fast that somebody is paged.
    Page,
    /// It is spent.
    Exhausted,
}

impl BudgetState {
    /// Returns `kept`, `ticket`, `page` or `exhausted`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Ticket => "ticket",
            Self::Page => "page",
            Self::Exhausted => "exhausted",
        }
    }
}

impl BudgetReport {
    pub(super) fn new(scoped: &Scoped, tiers: &[Tier], history: &History) -> Self {
        let budget = scoped.objective.budget();
        let low_traffic = scoped.objective.low_traffic();
        let found = Found::new(budget, history);
        let period = found.in_period();
        let exceeded = tiers
            .iter()
            .filter(|tier| found.exceeds(tier) && found.is_enough(low_traffic, tier));
        let exceeded: Vec<_> = exceeded
            .map(|tier| TierReport {
                tier: *tier,
                burn_rate: found.of(tier.long).burn_rate,
            })
            .collect();
        let least = least_bad(low_traffic, Severity::Page);
        let is_spent = budget.is_exceeded_by(period.counts.bad, period.counts.events);
        let state = match exceeded.first() {
            _ if is_spent && period.counts.bad >= least => BudgetState::Exhausted,
            Some(first) if first.tier.severity == Severity::Page => BudgetState::Page,
            Some(_) => BudgetState::Ticket,
            None => BudgetState::Kept,
        };
        let remaining = 1.0 - period.burn_rate;
        let last_hour = found.of(HOUR).burn_rate;
        let little_traffic = |fastest: &Tier| {
            let long = found.of(fastest.long).counts;
            long.events < fastest.least_events
        };
        Self {
            objective: Arc::clone(&scoped.objective),
            route: scoped.route.clone(),
            state,
            period: period.counts,
            remaining,
            exhausted_in: lasts(remaining, last_hour, scoped.objective.period()),
            little_traffic: tiers.first().is_some_and(little_traffic),
            tiers: exceeded,
            windows: found.windows.to_vec(),
        }
    }
}

/// What was found in each window.
struct Found {
    budget: Decimal,
    windows: [WindowReport; WINDOWS.len()],
}

impl Found {
    fn new(budget: Decimal, history: &History) -> Self {
        let window = |index: usize| {
            let counts = history.window(index);
            WindowReport {
                name: WINDOWS[index].0,
                counts,
                burn_rate: counts.ratio() / budget.as_f64(),
            }
        };
        Self {
            budget,
            windows: std::array::from_fn(window),
        }
    }

    fn in_period(&self) -> WindowReport {
        self.windows[WINDOWS.len() - 1]
    }

    /// Returns what was found in the window of this length: those of tiers are among them.
    fn of(&self, length: Duration) -> WindowReport {
        let index = WINDOWS
            .iter()
            .position(|(_, window)| *window == Some(length));
        index.map_or_else(|| self.in_period(), |index| self.windows[index])
    }

    fn exceeds(&self, tier: &Tier) -> bool {
        let exceeds = |window: WindowReport| {
            let Counts { events, bad } = window.counts;
            tier.threshold.is_exceeded_by(bad, events)
        };
        exceeds(self.of(tier.long)) && exceeds(self.of(tier.short))
    }

    /// Tells whether there are so many bad requests that they are worth telling.
    #[expect(
        clippy::cast_precision_loss,
        reason = "it is about a few requests, or about many and not exact"
    )]
    fn is_enough(&self, low_traffic: LowTraffic, tier: &Tier) -> bool {
        let bad = self.of(tier.long).counts.bad;
        match low_traffic {
            LowTraffic::ShareOfBudget => {
                let in_period = self.in_period().counts.events as f64;
                let share = tier.spent.as_f64() * self.budget.as_f64();
                bad as f64 >= share * in_period
            }
            low_traffic => bad >= least_bad(low_traffic, tier.severity),
        }
    }
}

/// Returns how many bad requests there have to be before somebody is told.
fn least_bad(low_traffic: LowTraffic, severity: Severity) -> u64 {
    match (low_traffic, severity) {
        (LowTraffic::LeastBad { page, .. }, Severity::Page) => page.into(),
        (LowTraffic::LeastBad { ticket, .. }, _) => ticket.into(),
        _ => 0,
    }
}

/// Returns how long what remains of a budget lasts, if that is shorter than its period.
fn lasts(remaining: f64, burn_rate: f64, period: Duration) -> Option<Duration> {
    let periods = remaining.max(0.0) / burn_rate;
    // Nothing of nothing is not a number, and is not shorter.
    (periods < 1.0).then(|| period.mul_f64(periods))
}

const HOUR: Duration = Duration::from_hours(1);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// Lets requests come, so many each minute and so many of them bad.
    fn requests(history: &mut History, minutes: u32, each: (u64, u64)) {
        for _ in 0..minutes {
            let total = history.total().plus(Counts::new(each.0, each.1));
            history.advance(history.now() + MINUTE, total);
        }
    }

    fn report(objective: &Objective, history: &History) -> BudgetReport {
        let scoped = Scoped::of(objective).remove(0);
        BudgetReport::new(&scoped, &objective.tiers(), history)
    }

    fn told(report: &BudgetReport) -> Vec<&'static str> {
        report
            .tiers
            .iter()
            .map(|exceeded| exceeded.tier.name)
            .collect()
    }

    fn history(objective: &Objective) -> History {
        History::new(objective.period())
    }

    #[test]
    fn without_requests_nothing_is_wrong_and_everything_is_a_number() {
        let objective = Objective::availability("api", 99.9);
        let mut history = history(&objective);
        for _ in 0..2 {
            let report = report(&objective, &history);
            assert_eq!((report.state, report.remaining), (BudgetState::Kept, 1.0));
            assert_eq!((report.exhausted_in, report.little_traffic), (None, true));
            assert!(report.windows.iter().all(|window| window.burn_rate == 0.0));
            requests(&mut history, 1, (0, 0));
        }
    }

    #[test]
    fn an_outage_is_told_by_the_fastest_tier_first_and_forgotten_when_it_is_over() {
        let objective = Objective::availability("api", 99.9);
        let mut history = history(&objective);
        requests(&mut history, 3 * 24 * 60, (1_000, 0));
        assert_eq!(report(&objective, &history).state, BudgetState::Kept);

        // Half of all requests fail: a burn rate of 500, which fills the hour with 14.4 in 1.7 minutes.
        requests(&mut history, 1, (1_000, 500));
        assert_eq!(report(&objective, &history).state, BudgetState::Kept);
        requests(&mut history, 1, (1_000, 500));
        let paged = report(&objective, &history);
        assert_eq!((paged.state, told(&paged)[0]), (BudgetState::Page, "fast"));
        requests(&mut history, 6, (1_000, 500));
        assert_eq!(report(&objective, &history).state, BudgetState::Page);

        requests(&mut history, 60, (1_000, 0));
        let over = report(&objective, &history);
        assert!(!told(&over).contains(&"fast"), "{over:?}");
        requests(&mut history, 7 * 60, (1_000, 0));
        assert_eq!(report(&objective, &history).state, BudgetState::Kept);
    }

    #[test]
    fn a_slow_leak_is_a_ticket() {
        let objective = Objective::availability("api", 99.0).with_low_traffic(LowTraffic::Off);
        let mut history = history(&objective);
        requests(&mut history, 3 * 24 * 60, (1_000, 9));
        assert_eq!(report(&objective, &history).state, BudgetState::Kept);
        requests(&mut history, 3 * 24 * 60, (1_000, 11));
        let leaking = report(&objective, &history);
        assert_eq!(told(&leaking), ["ticket-slow"]);
        assert_eq!(leaking.state, BudgetState::Ticket);
    }

    #[test]
    fn a_budget_that_is_spent_is_exhausted_and_comes_back_with_the_period() {
        let objective = Objective::availability("api", 90.0).with_period(24 * HOUR);
        let mut history = history(&objective);
        requests(&mut history, 60, (10, 2));
        let spent = report(&objective, &history);
        assert_eq!(spent.state, BudgetState::Exhausted);
        assert!((spent.remaining - -1.0).abs() < 1e-9, "{}", spent.remaining);
        assert_eq!(spent.exhausted_in, Some(Duration::ZERO));

        requests(&mut history, 60, (10, 0));
        // What is just spent is not overdrawn.
        let report_now = report(&objective, &history);
        assert_eq!(
            (report_now.state, report_now.remaining),
            (BudgetState::Kept, 0.0)
        );
        requests(&mut history, 25 * 60, (10, 0));
        let regained = report(&objective, &history);
        assert_eq!(
            (regained.state, regained.remaining),
            (BudgetState::Kept, 1.0)
        );
    }

    #[test]
    fn a_few_bad_requests_among_a_few_wake_nobody() {
        let objective = Objective::availability("api", 99.9);
        let mut history = history(&objective);
        requests(&mut history, 1, (8, 2));
        let quiet = report(&objective, &history);
        assert_eq!(
            (quiet.state, quiet.little_traffic),
            (BudgetState::Kept, true)
        );
        // Off, the ratio decides.
        let off = objective.clone().with_low_traffic(LowTraffic::Off);
        assert_eq!(report(&off, &history).state, BudgetState::Exhausted);

        requests(&mut history, 1, (8, 1));
        assert_eq!(report(&objective, &history).state, BudgetState::Ticket);
        requests(&mut history, 1, (8, 8));
        assert_eq!(report(&objective, &history).state, BudgetState::Exhausted);
    }

    #[test]
    fn a_share_of_the_budget_counts_what_the_period_had() {
        let objective =
            Objective::availability("api", 99.0).with_low_traffic(LowTraffic::ShareOfBudget);
        let mut history = history(&objective);
        requests(&mut history, 10 * 24 * 60, (100, 0));
        // At night: 2 of 10. The fast tier stands for 2 % of 1 % of 1.44 million, which is 288.
        requests(&mut history, 60, (1, 0));
        requests(&mut history, 1, (10, 2));
        assert_eq!(told(&report(&objective, &history)), [""; 0]);
        requests(&mut history, 3, (200, 100));
        assert!(told(&report(&objective, &history)).contains(&"fast"));
    }

    #[test]
    fn how_long_a_budget_lasts_is_told_when_that_is_before_it_is_regained() {
        let objective = Objective::availability("api", 99.0);
        let mut history = history(&objective);
        requests(&mut history, 29 * 24 * 60, (100, 0));
        requests(&mut history, 60, (100, 2));
        let report = report(&objective, &history);
        let days = report.exhausted_in.unwrap().as_secs_f64() / (24.0 * 3_600.0);
        // At twice the rate that would last for 30 days.
        assert!((14.9..15.0).contains(&days), "{days}");
        assert_eq!(lasts(0.5, 0.5, HOUR), None);
        assert_eq!(lasts(0.5, 0.0, HOUR), None);
        assert_eq!(lasts(0.0, 0.0, HOUR), None);
        assert_eq!(lasts(-3.0, 7.0, HOUR), Some(Duration::ZERO));
        assert_eq!(lasts(0.5, 1.0, HOUR), Some(HOUR / 2));
    }
}
