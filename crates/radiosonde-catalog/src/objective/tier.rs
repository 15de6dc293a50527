//! When somebody is told.

use std::time::Duration;

use super::Decimal;

/// A pair of windows and the burn rate above which, in both, somebody is told.
///
/// The long window says that it matters, the short one that it still happens. The four tiers are those of the Site
/// Reliability Workbook and their usual complement, with the burn rates that they have at a period of 30 days:
///
/// | name | severity | long | short | burn rate | budget spent by then, of 30 days |
/// |---|---|---|---|---|---|
/// | `fast` | page | 1 h | 5 min | 14.4 | 2 % |
/// | `slow` | page | 6 h | 30 min | 6 | 5 % |
/// | `ticket-fast` | ticket | 1 d | 2 h | 3 | 10 % |
/// | `ticket-slow` | ticket | 3 d | 6 h | 1 | 10 % |
///
/// At another period the windows and the burn rates stay, and the share of the budget follows: burn rates scaled down
/// with the period would fall below 1, and tell somebody of a service that keeps its promise. Two things lower a burn rate, and
/// none is lowered below 1:
///
/// - It may spend at most half of the budget of the period before it tells. A tier that would have to be below 1 for that is left out.
/// - It has to be reachable: even if every request is bad, a budget of 10 % burns at no more than 10. So it is at most half of
///   that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tier {
    /// Its name: `fast`, `slow`, `ticket-fast` or `ticket-slow`; the label `burn_tier` of alerts.
    pub name: &'static str,
    /// How urgent it is.
    pub severity: Severity,
    /// The window that says that it matters.
    pub long: Duration,
    /// The window that says that it still happens.
    pub short: Duration,
    /// The burn rate that is exceeded in both.
    pub factor: Decimal,
    /// The share of bad requests at that burn rate: the factor times the budget.
    pub threshold: Decimal,
    /// The share of the period's budget that is spent when a steady burn of this rate has filled the long window.
    pub spent: Decimal,
    /// The burn rate before anything lowered it, when something did.
    pub lowered_from: Option<Decimal>,
    /// With fewer requests than this in the long window, a single bad one exceeds the threshold.
    pub least_events: u64,
}

/// The windows that burn rates are known of: their names, as labels have them, and their lengths. The last one is the period.
pub const WINDOWS: [(&str, Option<Duration>); 8] = [
    ("5m", Some(minutes(5))),
    ("30m", Some(minutes(30))),
    ("1h", Some(minutes(60))),
    ("2h", Some(minutes(2 * 60))),
    ("6h", Some(minutes(6 * 60))),
    ("1d", Some(minutes(24 * 60))),
    ("3d", Some(minutes(72 * 60))),
    ("period", None),
];

/// How urgent a tier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Somebody has to look at it now.
    Page,
    /// Somebody has to look at it within days.
    Ticket,
}

impl Severity {
    /// Returns `page` or `ticket`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// Returns the tiers that make sense for a budget and a period, the fastest first.
pub(super) fn tiers(budget: Decimal, period: Duration) -> Vec<Tier> {
    let tier = |&(name, severity, long, short, usual): &Usual| {
        let (long, short) = (minutes(long), minutes(short));
        let usual = Decimal::thousandths(usual);
        let half = Decimal::thousandths(500);
        let windows = Decimal::thousandths(thousandths_of(period, long));
        let by_period = half.times(windows);
        if by_period < Decimal::ONE {
            return None;
        }
        let reachable = half.per(budget).max(Decimal::ONE);
        let factor = usual.min(by_period).min(reachable);
        let threshold = factor.times(budget);
        Some(Tier {
            name,
            severity,
            long,
            short,
            factor,
            threshold,
            spent: factor.per(windows),
            lowered_from: (factor < usual).then_some(usual),
            least_events: ceil(Decimal::ONE.per(threshold)),
        })
    };
    USUAL.iter().filter_map(tier).collect()
}

/// Name, severity, long and short window in minutes, and the burn rate in thousandths.
type Usual = (&'static str, Severity, u64, u64, u64);

const USUAL: [Usual; 4] = [
    ("fast", Severity::Page, 60, 5, 14_400),
    ("slow", Severity::Page, 6 * 60, 30, 6_000),
    ("ticket-fast", Severity::Ticket, 24 * 60, 2 * 60, 3_000),
    ("ticket-slow", Severity::Ticket, 72 * 60, 6 * 60, 1_000),
];

const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// How many times a window fits into a period, in thousandths.
fn thousandths_of(period: Duration, window: Duration) -> u64 {
    period.as_secs().saturating_mul(1_000) / window.as_secs()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a decimal is not negative, and floats saturate"
)]
fn ceil(decimal: Decimal) -> u64 {
    decimal.as_f64().ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;

    fn days(days: u64) -> Duration {
        Duration::from_hours(24 * days)
    }

    /// Name, factor, threshold and share of the budget of each tier.
    fn told(percent: f64, period: Duration) -> Vec<[String; 4]> {
        let objective = Objective::availability("api", percent).with_period(period);
        let tiers = objective.tiers().into_iter();
        tiers
            .map(|tier| {
                [
                    tier.name.into(),
                    tier.factor.to_string(),
                    tier.threshold.to_string(),
                    tier.spent.to_string(),
                ]
            })
            .collect()
    }

    #[test]
    fn at_thirty_days_they_are_those_of_the_workbook() {
        let expected = [
            ["fast", "14.4", "0.0144", "0.02"],
            ["slow", "6", "0.006", "0.05"],
            ["ticket-fast", "3", "0.003", "0.1"],
            ["ticket-slow", "1", "0.001", "0.1"],
        ];
        assert_eq!(told(99.9, days(30)), expected);
    }

    #[test]
    fn a_burn_rate_that_cannot_be_reached_is_lowered() {
        let factors = |percent| -> Vec<_> {
            let tiers = told(percent, days(30)).into_iter();
            tiers.map(|[_, factor, ..]| factor).collect()
        };
        assert_eq!(factors(90.0), ["5", "5", "3", "1"]);
        assert_eq!(factors(40.0), ["1", "1", "1", "1"]);
    }

    #[test]
    fn at_a_short_period_no_tier_tells_of_a_promise_that_is_kept() {
        let shares = |period| -> Vec<_> {
            let tiers = told(99.9, period).into_iter();
            tiers
                .map(|[name, factor, _, spent]| [name, factor, spent])
                .collect()
        };
        let expected = [
            ["fast", "14.4", "0.085"],
            ["slow", "6", "0.214"],
            ["ticket-fast", "3", "0.428"],
            ["ticket-slow", "1", "0.428"],
        ];
        assert_eq!(shares(days(7)), expected);
        let expected = [["fast", "12", "0.5"], ["slow", "2", "0.5"]];
        assert_eq!(shares(days(1)), expected);
    }

    #[test]
    fn how_much_traffic_they_need_is_known() {
        let least: Vec<_> = Objective::availability("api", 99.9)
            .tiers()
            .iter()
            .map(|tier| tier.least_events)
            .collect();
        assert_eq!(least, [70, 167, 334, 1_000]);
    }
}
