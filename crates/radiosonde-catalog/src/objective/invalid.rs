//! What can be wrong with an objective.

use std::fmt;
use std::time::Duration;

/// One thing that is wrong with one objective. The message says which, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidObjective {
    /// The name is none.
    #[non_exhaustive]
    Name {
        /// The name.
        name: String,
    },
    /// Two objectives have one name.
    #[non_exhaustive]
    SameName {
        /// The name.
        name: String,
    },
    /// The percentage leaves no budget, or nothing to promise.
    #[non_exhaustive]
    Target {
        /// The name of the objective.
        name: String,
        /// What was given.
        percent: String,
    },
    /// The time that a request may take is none, or has no exact bound in a histogram.
    #[non_exhaustive]
    Threshold {
        /// The name of the objective.
        name: String,
        /// What was given.
        threshold: Duration,
    },
    /// The period is too short, too long, or no number of hours.
    #[non_exhaustive]
    Period {
        /// The name of the objective.
        name: String,
        /// What was given.
        period: Duration,
    },
    /// It is about certain routes, and names none, or too many.
    #[non_exhaustive]
    NumberOfRoutes {
        /// The name of the objective.
        name: String,
        /// How many it names.
        routes: usize,
    },
    /// A route is empty, or named twice.
    #[non_exhaustive]
    Route {
        /// The name of the objective.
        name: String,
        /// The route.
        route: String,
    },
    /// The team is none.
    #[non_exhaustive]
    Team {
        /// The name of the objective.
        name: String,
        /// The team.
        team: String,
    },
    /// There are too many objectives.
    #[non_exhaustive]
    TooMany {
        /// How many budgets they have: one each, and one for each route of those that are about each route.
        budgets: usize,
    },
}

impl fmt::Display for InvalidObjective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "`{}` is no name of an objective: give a letter and then letters, digits, `-` and `_`, all small and at most \
                 {MAX_NAME}, such as `api-latency`",
                name.escape_debug()
            ),
            Self::SameName { name } => write!(
                f,
                "two objectives are named `{name}`: rename one, such as to `{name}-latency`"
            ),
            Self::Target { name, percent } => write!(
                f,
                "objective `{name}` promises {percent} percent: give more than 0 and less than 100, with at most 10 digits \
                 after the point, such as 99.9; 100 would leave no budget, so that one failure breaks it for ever"
            ),
            Self::Threshold { name, threshold } => write!(
                f,
                "objective `{name}` has the threshold {threshold:?}: give whole microseconds, from 100 microseconds \
                 to 1 hour, so that it is an exact bound of the histogram"
            ),
            Self::Period { name, period } => write!(
                f,
                "objective `{name}` has the period {}: give whole hours, from 1 day to 366 days, such as 30 days",
                in_days(*period)
            ),
            Self::NumberOfRoutes { name, routes: 0 } => write!(
                f,
                "objective `{name}` is about certain routes and names none: name some, or let it be about all requests"
            ),
            Self::NumberOfRoutes { name, routes } => write!(
                f,
                "objective `{name}` names {routes} routes: name at most {MAX_ROUTES}, or let it be about all requests"
            ),
            Self::Route { name, route } if route.is_empty() => write!(
                f,
                "objective `{name}` names an empty route: give a template as the router has it, such as `/orders/{{id}}`"
            ),
            Self::Route { name, route } => write!(
                f,
                "objective `{name}` names the route `{}` twice, or with characters that no route has: name it once, as the \
                 router has it",
                route.escape_debug()
            ),
            Self::Team { name, team } => write!(
                f,
                "objective `{name}` has the team `{}`: give a name of letters, digits, `-` and `_`, such as `checkout`",
                team.escape_debug()
            ),
            Self::TooMany { budgets } => write!(
                f,
                "the objectives have {budgets} budgets in all: have at most {MAX_BUDGETS}, with groups instead of each route"
            ),
        }
    }
}

impl std::error::Error for InvalidObjective {}

fn in_days(period: Duration) -> String {
    let (day, seconds) = (24 * 3_600, period.as_secs());
    if period.subsec_nanos() == 0 && seconds.is_multiple_of(day) {
        return format!("{} days", seconds / day);
    }
    format!("{period:?}")
}

/// How many characters a name may have.
pub(super) const MAX_NAME: usize = 60;

/// How many routes one objective may name.
pub(super) const MAX_ROUTES: usize = 200;

/// How many budgets all objectives may have.
pub(super) const MAX_BUDGETS: usize = 1_000;
