//! The objectives of a service, checked.

use std::time::Duration;

use super::invalid::{InvalidObjective, MAX_BUDGETS, MAX_NAME, MAX_ROUTES};
use super::tier::WINDOWS;
use super::{Decimal, Objective, ObjectiveKind, Scope};
use crate::{
    HTTP_REQUEST_DURATION, RPC_REQUEST_DURATION, SLO_BAD_EVENTS, SLO_BURN_RATE,
    SLO_ERROR_BUDGET_REMAINING, SLO_EVENTS, SLO_EXHAUSTED_IN, SLO_INFO,
};

/// The objectives of a service, none of them wrong, in the order of their names.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::objective::{Objective, Objectives};
///
/// let objectives = Objectives::new([Objective::availability("api", 99.9)]).unwrap();
/// assert_eq!(objectives.iter().count(), 1);
///
/// let wrong = [Objective::availability("api", 100.0), Objective::availability("api", -1.0)];
/// let mistakes = Objectives::new(wrong).unwrap_err();
/// assert_eq!(mistakes.len(), 3);
/// assert_eq!(mistakes[2].to_string(), "two objectives are named `api`: rename one, such as to `api-latency`");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objectives(Vec<Objective>);

impl Objectives {
    /// Checks objectives.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with any of them.
    pub fn new(
        objectives: impl IntoIterator<Item = Objective>,
    ) -> Result<Self, Vec<InvalidObjective>> {
        let mut objectives: Vec<_> = objectives.into_iter().collect();
        let mut mistakes: Vec<_> = objectives.iter().flat_map(mistakes).collect();
        objectives.sort_by(|a, b| a.name.cmp(&b.name));
        let same = objectives.chunk_by(|a, b| a.name == b.name);
        let same = same.filter(|of_name| of_name.len() > 1);
        mistakes.extend(same.map(|of_name| InvalidObjective::SameName {
            name: of_name[0].name.clone(),
        }));
        let budgets = objectives.iter().map(budgets).sum();
        if budgets > MAX_BUDGETS {
            mistakes.push(InvalidObjective::TooMany { budgets });
        }
        if mistakes.is_empty() {
            Ok(Self(objectives))
        } else {
            Err(mistakes)
        }
    }

    /// Returns the objectives in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Objective> {
        self.0.iter()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the bounds that a metric has because of them: its `bounds`, and of
    /// [`HTTP_REQUEST_DURATION`] and [`RPC_REQUEST_DURATION`] the threshold of every latency objective among them.
    #[must_use]
    pub fn joined_to(&self, metric: &str, bounds: &[f64]) -> Vec<f64> {
        let mut joined = bounds.to_vec();
        if [HTTP_REQUEST_DURATION.name(), RPC_REQUEST_DURATION.name()].contains(&metric) {
            joined.extend(self.iter().filter_map(Objective::threshold_seconds));
            joined.sort_by(f64::total_cmp);
            joined.dedup();
        }
        joined
    }

    /// Returns how many series the metrics of objectives have because of them: all, or one of them by its name.
    #[must_use]
    pub fn series(&self, metric: Option<&str>) -> usize {
        let budgets: usize = self.iter().map(budgets).sum();
        let of = |name: &str| match name {
            name if name == SLO_INFO.name() => self.0.len(),
            name if name == SLO_BURN_RATE.name() => budgets * WINDOWS.len(),
            name if BY_BUDGET.contains(&name) => budgets,
            _ => 0,
        };
        let all = || {
            BY_BUDGET
                .iter()
                .copied()
                .chain([SLO_INFO.name(), SLO_BURN_RATE.name()])
        };
        metric.map_or_else(|| all().map(of).sum(), of)
    }
}

impl<'a> IntoIterator for &'a Objectives {
    type Item = &'a Objective;
    type IntoIter = std::slice::Iter<'a, Objective>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Returns how many budgets an objective has.
fn budgets(objective: &Objective) -> usize {
    match &objective.scope {
        Scope::All | Scope::Group(_) => 1,
        Scope::Each(routes) => routes.len(),
    }
}

/// Returns what is wrong with one objective by itself.
fn mistakes(objective: &Objective) -> Vec<InvalidObjective> {
    let Objective {
        name,
        kind,
        percent,
        period,
        scope,
        low_traffic: _,
        expects_traffic: _,
        team,
    } = objective;
    let mut found = Vec::new();
    if !is_name(name) {
        found.push(InvalidObjective::Name { name: name.clone() });
    }
    let name = || name.clone();
    let is_share = |target: Decimal| !target.is_zero() && target < Decimal::ONE;
    if !objective.exact_target().is_some_and(is_share) {
        let (name, percent) = (name(), percent.to_string());
        found.push(InvalidObjective::Target { name, percent });
    }
    if let ObjectiveKind::Latency { threshold } = *kind {
        let whole = threshold.as_nanos().is_multiple_of(1_000);
        if !whole || threshold < LEAST_THRESHOLD || threshold > HOUR {
            let name = name();
            found.push(InvalidObjective::Threshold { name, threshold });
        }
    }
    let whole = period.subsec_nanos() == 0 && period.as_secs().is_multiple_of(HOUR.as_secs());
    if !whole || *period < DAY || *period > 366 * DAY {
        let (name, period) = (name(), *period);
        found.push(InvalidObjective::Period { name, period });
    }
    if let Scope::Group(routes) | Scope::Each(routes) = scope {
        if routes.is_empty() || routes.len() > MAX_ROUTES {
            let (name, routes) = (name(), routes.len());
            found.push(InvalidObjective::NumberOfRoutes { name, routes });
        }
        found.extend(wrong_routes(routes).map(|route| InvalidObjective::Route {
            name: name(),
            route: route.clone(),
        }));
    }
    if let Some(team) = team.as_ref().filter(|team| !is_team(team)) {
        let (name, team) = (name(), team.clone());
        found.push(InvalidObjective::Team { name, team });
    }
    found
}

/// Returns the routes that are none, and those that were named before.
fn wrong_routes(routes: &[String]) -> impl Iterator<Item = &String> {
    let is_none = |route: &str| route.is_empty() || route.chars().any(char::is_control);
    let numbered = routes.iter().enumerate();
    let wrong =
        numbered.filter(move |(index, route)| is_none(route) || routes[..*index].contains(route));
    wrong.map(|(_, route)| route)
}

/// Tells whether a text can be a name in file names, labels and addresses.
fn is_name(name: &str) -> bool {
    let in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_NAME
        && name.chars().all(in_name)
}

/// Tells whether a text names a team: letters, digits, `-` and `_`, at most 60 of them.
#[must_use]
pub fn is_team(team: &str) -> bool {
    let in_team = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !team.is_empty() && team.len() <= MAX_NAME && team.chars().all(in_team)
}

/// What is smaller is spelled with an exponent, and each version of Prometheus spells that in its own way.
const LEAST_THRESHOLD: Duration = Duration::from_micros(100);

/// The metrics with one series for each budget.
const BY_BUDGET: [&str; 4] = [
    SLO_EVENTS.name(),
    SLO_BAD_EVENTS.name(),
    SLO_ERROR_BUDGET_REMAINING.name(),
    SLO_EXHAUSTED_IN.name(),
];

const HOUR: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first words of each mistake.
    fn told(objectives: impl IntoIterator<Item = Objective>) -> Vec<String> {
        let mistakes = Objectives::new(objectives).unwrap_err();
        let texts = mistakes.iter().map(ToString::to_string);
        texts
            .map(|text| text.split(": give").next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn a_percentage_without_a_budget_or_a_promise_is_refused() {
        for percent in [
            100.0,
            0.0,
            -1.0,
            100.1,
            f64::NAN,
            f64::INFINITY,
            100.0 / 3.0,
        ] {
            let told = told([Objective::availability("api", percent)]);
            assert_eq!(
                told,
                [format!("objective `api` promises {percent} percent")]
            );
        }
        for percent in [99.999_999_999, 1e-9, 50.0] {
            assert!(Objectives::new([Objective::availability("api", percent)]).is_ok());
        }
    }

    #[test]
    fn a_threshold_that_is_no_exact_bound_is_refused() {
        let latency = |nanos| Objective::latency("api", 95.0, Duration::from_nanos(nanos));
        for nanos in [0, 1, 99_000, 100_001, 3_600_000_001_000] {
            assert_eq!(told([latency(nanos)]).len(), 1, "{nanos}");
        }
        for nanos in [100_000, 300_000_000, 3_600_000_000_000] {
            assert!(Objectives::new([latency(nanos)]).is_ok(), "{nanos}");
        }
    }

    #[test]
    fn a_period_of_another_length_is_refused() {
        let lasting = |period| Objective::availability("api", 99.0).with_period(period);
        for period in [
            Duration::ZERO,
            HOUR,
            DAY + Duration::from_nanos(1),
            367 * DAY,
        ] {
            assert_eq!(told([lasting(period)]).len(), 1, "{period:?}");
        }
        for period in [DAY, DAY + HOUR, 28 * DAY, 366 * DAY] {
            assert!(Objectives::new([lasting(period)]).is_ok(), "{period:?}");
        }
    }

    #[test]
    fn all_mistakes_of_all_objectives_are_told() {
        let wrong = [
            Objective::availability("API", 99.0),
            Objective::availability("orders", 99.0).for_each(["/a", "", "/a"]),
            Objective::availability("carts", 99.0).for_group::<String>([]),
            Objective::availability("carts", 100.0).with_team("a team"),
        ];
        let expected = [
            "`API` is no name of an objective",
            "objective `orders` names an empty route",
            "objective `orders` names the route `/a` twice, or with characters that no route has: name it once, as the \
             router has it",
            "objective `carts` is about certain routes and names none: name some, or let it be about all requests",
            "objective `carts` promises 100 percent",
            "objective `carts` has the team `a team`",
            "two objectives are named `carts`: rename one, such as to `carts-latency`",
        ];
        assert_eq!(told(wrong), expected);
    }

    #[test]
    fn there_is_a_limit_to_all_of_them() {
        let each = |name: &str, routes| {
            let routes = (0..routes).map(|route| format!("/{route}"));
            Objective::availability(name, 99.0).for_each(routes)
        };
        assert_eq!(told([each("a", 201)]).len(), 1);
        let many = ["a", "b", "c", "d", "e"].map(|name| each(name, 200));
        assert!(Objectives::new(many.clone()).is_ok());
        let more = many.into_iter().chain([each("f", 1)]);
        assert!(told(more)[0].contains("1001 budgets"));
    }

    #[test]
    fn a_threshold_joins_the_bounds_of_durations_once_and_of_nothing_else() {
        let latency = |name, millis| Objective::latency(name, 95.0, Duration::from_millis(millis));
        let thresholds = [
            latency("a", 300),
            latency("b", 250),
            latency("c", 2),
            latency("d", 60_000),
        ];
        let objectives = Objectives::new(thresholds).unwrap();
        let joined = objectives.joined_to(HTTP_REQUEST_DURATION.name(), &[0.25, 1.0]);
        assert_eq!(joined, [0.002, 0.25, 0.3, 1.0, 60.0]);
        assert_eq!(objectives.joined_to("other_seconds", &[1.0]), [1.0]);
    }
}
