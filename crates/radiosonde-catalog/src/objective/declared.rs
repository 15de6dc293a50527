//! An objective, as a service declares it.

use std::time::Duration;

use super::Decimal;
use super::tier::{Tier, tiers};

/// What a service promises about its requests, or some of them.
///
/// It may be declared wrong: [`Objectives::new`](super::Objectives::new) tells all mistakes of all objectives.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use radiosonde_catalog::objective::Objective;
///
/// let answered = Objective::availability("api", 99.9);
/// let quick = Objective::latency("checkout-latency", 95.0, Duration::from_millis(300))
///     .for_group(["/carts/{id}", "/orders/{id}"])
///     .with_period(Duration::from_hours(7 * 24))
///     .with_team("checkout");
///
/// assert_eq!(quick.threshold_seconds(), Some(0.3));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    pub(super) name: String,
    pub(super) kind: ObjectiveKind,
    pub(super) percent: f64,
    pub(super) period: Duration,
    pub(super) scope: Scope,
    pub(super) low_traffic: LowTraffic,
    pub(super) expects_traffic: bool,
    pub(super) team: Option<String>,
}

impl Objective {
    /// Promises that this percentage of requests does not fail on the side of the server.
    ///
    /// Every request that ended counts; those with the outcome `error` or `panicked` are bad. One that the client gave up
    /// is not: nobody can tell what would have become of it.
    #[must_use]
    pub fn availability(name: impl Into<String>, percent: f64) -> Self {
        Self::new(name.into(), ObjectiveKind::Availability, percent)
    }

    /// Promises that this percentage of requests ends within a time, counted from the arrival to the end of the response.
    ///
    /// Requests with a status of 500 or above do not count, so that a service which fails quickly does not look fast:
    /// that they fail is the matter of an availability objective. One that the client gave up is bad when it had taken
    /// longer until then.
    ///
    /// The time becomes a bound of the histogram of durations, so that it is counted exactly.
    #[must_use]
    pub fn latency(name: impl Into<String>, percent: f64, threshold: Duration) -> Self {
        Self::new(name.into(), ObjectiveKind::Latency { threshold }, percent)
    }

    fn new(name: String, kind: ObjectiveKind, percent: f64) -> Self {
        Self {
            name,
            kind,
            percent,
            period: Duration::from_hours(30 * 24),
            scope: Scope::All,
            low_traffic: LowTraffic::default(),
            expects_traffic: false,
            team: None,
        }
    }

    /// Sets the time over which the promise holds. It moves along: it always ends now.
    ///
    /// Defaults to 30 days.
    #[must_use]
    pub fn with_period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// Lets it hold of the requests of these routes, together. A route is the template that matched, such as
    /// `/orders/{id}`.
    ///
    /// Defaults to all requests.
    #[must_use]
    pub fn for_group<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.scope = Scope::Group(routes.into_iter().map(Into::into).collect());
        self
    }

    /// Lets it hold of the requests of each of these routes by itself: each has a budget of its own.
    ///
    /// Defaults to all requests together.
    #[must_use]
    pub fn for_each<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.scope = Scope::Each(routes.into_iter().map(Into::into).collect());
        self
    }

    /// Sets when a few bad requests are too few to tell somebody.
    ///
    /// Defaults to at least 10 bad requests in the long window for a page, and 3 for a ticket.
    #[must_use]
    pub fn with_low_traffic(mut self, low_traffic: LowTraffic) -> Self {
        self.low_traffic = low_traffic;
        self
    }

    /// Says that there are always requests, so that none at all is a fault. Without it, a quiet service keeps its promise.
    #[must_use]
    pub fn expecting_traffic(mut self) -> Self {
        self.expects_traffic = true;
        self
    }

    /// Sets who is told: the label `team` of the alerts.
    ///
    /// Defaults to nobody in particular.
    #[must_use]
    pub fn with_team(mut self, team: impl Into<String>) -> Self {
        self.team = Some(team.into());
        self
    }

    /// Returns the name, which is the label `slo` of its metrics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what makes a request a bad one.
    #[must_use]
    pub fn kind(&self) -> ObjectiveKind {
        self.kind
    }

    /// Returns the share of requests that has to be good, such as `0.999`. Of one that was declared wrong, it is 0.
    #[must_use]
    pub fn target(&self) -> Decimal {
        self.exact_target()
            .unwrap_or(const { Decimal::thousandths(0) })
    }

    pub(super) fn exact_target(&self) -> Option<Decimal> {
        Decimal::of(self.percent)?.hundredth()
    }

    /// Returns the share of requests that may be bad, such as `0.001`.
    #[must_use]
    pub fn budget(&self) -> Decimal {
        Decimal::ONE.saturating_sub(self.target())
    }

    /// Returns the time over which the promise holds.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Returns which requests it is about.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Returns when a few bad requests are too few to tell somebody.
    #[must_use]
    pub fn low_traffic(&self) -> LowTraffic {
        self.low_traffic
    }

    /// Tells whether no requests at all are a fault.
    #[must_use]
    pub fn expects_traffic(&self) -> bool {
        self.expects_traffic
    }

    /// Returns who is told.
    #[must_use]
    pub fn team(&self) -> Option<&str> {
        self.team.as_deref()
    }

    /// Returns the threshold of a latency objective in seconds: exactly the bound that the histogram has.
    #[must_use]
    pub fn threshold_seconds(&self) -> Option<f64> {
        match self.kind {
            ObjectiveKind::Latency { threshold } => Some(seconds(threshold)),
            ObjectiveKind::Availability => None,
        }
    }

    /// Returns when somebody is told, the fastest first: see [`Tier`].
    #[must_use]
    pub fn tiers(&self) -> Vec<Tier> {
        tiers(self.budget(), self.period)
    }
}

/// What makes a request a bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectiveKind {
    /// It failed on the side of the server.
    Availability,
    /// It took longer than a threshold.
    #[non_exhaustive]
    Latency {
        /// The longest time that is good.
        threshold: Duration,
    },
}

impl ObjectiveKind {
    /// Returns `availability` or `latency`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Latency { .. } => "latency",
        }
    }
}

/// Which requests an objective is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// All requests of the service.
    All,
    /// Those of these routes, together.
    Group(Vec<String>),
    /// Those of each of these routes by itself. Their metrics have the label `route`.
    Each(Vec<String>),
}

impl Scope {
    /// Returns `all`, `group` or `each`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Group(_) => "group",
            Self::Each(_) => "each",
        }
    }

    /// Returns the routes; of all requests, none.
    #[must_use]
    pub fn routes(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Group(routes) | Self::Each(routes) => routes,
        }
    }
}

/// What is done so that one bad request among five does not wake anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LowTraffic {
    /// There have to be this many bad requests in the long window.
    #[non_exhaustive]
    LeastBad {
        /// Before somebody is paged.
        page: u32,
        /// Before there is a ticket.
        ticket: u32,
    },
    /// The bad requests of the long window have to be the share of the budget that its [`Tier`] stands for, of all requests
    /// of the period as they were counted.
    ShareOfBudget,
    /// Nothing is done: the ratio alone decides.
    Off,
}

impl LowTraffic {
    /// Asks for this many bad requests in the long window before somebody is paged, and before there is a ticket.
    #[must_use]
    pub const fn least_bad(page: u32, ticket: u32) -> Self {
        Self::LeastBad { page, ticket }
    }

    /// Returns `least_bad`, `share_of_budget` or `off`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeastBad { .. } => "least_bad",
            Self::ShareOfBudget => "share_of_budget",
            Self::Off => "off",
        }
    }
}

impl Default for LowTraffic {
    fn default() -> Self {
        Self::least_bad(10, 3)
    }
}

/// Returns a duration in seconds, rounded once: as the float that its decimal number reads as.
#[expect(
    clippy::cast_precision_loss,
    reason = "the nanoseconds of an hour stay below 2^53"
)]
pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e9
}
