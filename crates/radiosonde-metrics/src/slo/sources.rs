//! Where the counts of objectives come from: the series that the request layer records anyway.
//!
//! Nothing is done while a request is served. Whoever wants to know adds up the cells of the series; which series belong to
//! which objectives is found out once, when a series is new.

use std::fmt;
use std::sync::Arc;

use radiosonde_catalog::objective::{Objective, ObjectiveKind, Scope};
use radiosonde_catalog::{
    HTTP_ERRORS, HTTP_REQUEST_DURATION, HTTP_REQUESTS, Metric, RPC_ERRORS, RPC_REQUEST_DURATION,
    RPC_REQUESTS,
};

use super::Counts;
use crate::canonical::{OVERFLOW_LABEL, labels_of};
use crate::family::{Family, Instrument};
use crate::{Counter, Histogram, Registry};

/// What one budget counts: an objective, or an objective on one route.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scoped {
    pub(crate) objective: Arc<Objective>,
    /// Empty unless the objective is about each route.
    pub(crate) route: String,
}

impl Scoped {
    /// Returns the budgets of an objective.
    pub(crate) fn of(objective: &Objective) -> Vec<Self> {
        let shared = Arc::new(objective.clone());
        let scoped = |route: &str| Self {
            objective: Arc::clone(&shared),
            route: route.to_owned(),
        };
        match objective.scope() {
            Scope::Each(routes) => routes.iter().map(|route| scoped(route)).collect(),
            _ => vec![scoped("")],
        }
    }

    /// Returns what a past is about: an objective that counts other requests, or others as bad, or over another period,
    /// has another one.
    pub(crate) fn identity(&self) -> String {
        let objective = &self.objective;
        let (name, kind, period) = (objective.name(), objective.kind(), objective.period());
        let (routes, route) = (objective.scope().routes(), &self.route);
        match objective.scope() {
            Scope::Each(_) => format!("{name} {kind:?} {period:?} of {route:?}"),
            _ => format!("{name} {kind:?} {period:?} of {routes:?}"),
        }
    }

    /// Tells whether requests of a series count. Of those that overflowed, nobody knows the route.
    fn counts(&self, labels: &Labels) -> bool {
        match self.objective.scope() {
            Scope::All => true,
            Scope::Group(routes) => !labels.overflowed && routes.contains(&labels.route),
            _ => !labels.overflowed && labels.route == self.route,
        }
    }
}

impl fmt::Display for Scoped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.objective.name())?;
        if self.route.is_empty() {
            return Ok(());
        }
        write!(f, " of {}", self.route)
    }
}

/// The series of all budgets: those of HTTP requests, and those of gRPC calls, which are counted in their place.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    requests: [Followed<Counter>; 2],
    errors: [Followed<Counter>; 2],
    /// With the number of buckets up to the threshold.
    durations: [Followed<(Histogram, usize)>; 2],
}

/// The series of one metric, each with the budgets that it belongs to.
#[derive(Debug)]
struct Followed<T> {
    /// What was looked through last. A family is a new one as soon as it has another series.
    family: Option<Arc<Family>>,
    series: Vec<(usize, T)>,
}

impl<T> Default for Followed<T> {
    fn default() -> Self {
        Self {
            family: None,
            series: Vec::new(),
        }
    }
}

/// What the labels of a series say to an objective.
#[derive(Debug, Default)]
struct Labels {
    route: String,
    failed: bool,
    overflowed: bool,
}

impl Sources {
    /// Returns the totals of all budgets, in their order, since the process started.
    pub(crate) fn totals(&mut self, registry: &Registry, budgets: &[Scoped]) -> Vec<Counts> {
        let answered = |scoped: &Scoped| scoped.objective.kind() == ObjectiveKind::Availability;
        let counter = |scoped: &Scoped, labels: &Labels, instrument: &Instrument| match instrument {
            Instrument::Counter(counter) if answered(scoped) && scoped.counts(labels) => {
                Some(counter.clone())
            }
            _ => None,
        };
        for (followed, metric) in self.errors.iter_mut().zip([&HTTP_ERRORS, &RPC_ERRORS]) {
            followed.follow(registry, metric, budgets, counter);
        }
        for (followed, metric) in self
            .requests
            .iter_mut()
            .zip([&HTTP_REQUESTS, &RPC_REQUESTS])
        {
            followed.follow(registry, metric, budgets, counter);
        }
        let durations = [&HTTP_REQUEST_DURATION, &RPC_REQUEST_DURATION];
        for (followed, metric) in self.durations.iter_mut().zip(durations) {
            followed.follow(registry, metric, budgets, up_to_threshold);
        }

        let mut totals = vec![Counts::default(); budgets.len()];
        // In this order: a request is counted before its error is, so there are never more errors than requests.
        for (budget, errors) in self.errors.iter().flat_map(|errors| &errors.series) {
            totals[*budget].bad += errors.value();
        }
        for (budget, requests) in self.requests.iter().flat_map(|requests| &requests.series) {
            totals[*budget].events += requests.value();
        }
        for (budget, (durations, good)) in
            self.durations.iter().flat_map(|followed| &followed.series)
        {
            let buckets = durations.read().buckets;
            let (quick, slow) = buckets.split_at_checked(*good).unwrap_or((&buckets, &[]));
            let (quick, slow) = (quick.iter().sum::<u64>(), slow.iter().sum::<u64>());
            totals[*budget].events += quick + slow;
            totals[*budget].bad += slow;
        }
        totals
    }
}

/// Returns a histogram of durations that a latency objective counts. Requests that failed are not among them, and those
/// that overflowed may have.
fn up_to_threshold(
    scoped: &Scoped,
    labels: &Labels,
    instrument: &Instrument,
) -> Option<(Histogram, usize)> {
    let threshold = scoped.objective.threshold_seconds()?;
    let Instrument::Histogram(histogram) = instrument else {
        return None;
    };
    if labels.failed || labels.overflowed || !scoped.counts(labels) {
        return None;
    }
    let mut limits = histogram.limits().iter();
    let good = limits.position(|limit| *limit >= threshold)? + 1;
    Some((histogram.clone(), good))
}

impl<T> Followed<T> {
    /// Looks through the series of a metric, if there are other ones than last time.
    fn follow(
        &mut self,
        registry: &Registry,
        metric: &Metric,
        budgets: &[Scoped],
        wanted: impl Fn(&Scoped, &Labels, &Instrument) -> Option<T>,
    ) {
        let family = registry.family(metric.name());
        let is_known = match (&self.family, &family) {
            (Some(known), Some(family)) => Arc::ptr_eq(known, family),
            (known, family) => known.is_none() && family.is_none(),
        };
        if is_known {
            return;
        }
        self.series.clear();
        for (labels, series) in family.iter().flat_map(|family| &family.series) {
            let labels = Labels::read(labels);
            let wanted = budgets.iter().enumerate().filter_map(|(index, scoped)| {
                Some((index, wanted(scoped, &labels, &series.instrument)?))
            });
            self.series.extend(wanted);
        }
        self.family = family;
    }
}

impl Labels {
    fn read(text: &str) -> Self {
        let mut labels = Self::default();
        for (name, value) in labels_of(text) {
            match name {
                "route" | "rpc_method" => labels.route = value.into_owned(),
                "status" => labels.failed = value.len() == 3 && value.starts_with('5'),
                "rpc_status" => labels.failed = FAILED_CALLS.contains(&&*value),
                OVERFLOW_LABEL => labels.overflowed = true,
                _ => {}
            }
        }
        labels
    }
}

/// The codes of gRPC that are failures of the server, as `rpc_errors_total` counts them.
const FAILED_CALLS: [&str; 6] = [
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use radiosonde_catalog::objective::Objectives;

    use super::*;
    use crate::{Bounds, RegistryOptions};

    fn registry(objectives: &Objectives) -> Registry {
        Registry::with_options(RegistryOptions::new().objectives(objectives.clone()))
    }

    /// Records one request as the layer does.
    fn request(registry: &Registry, route: &str, (status, outcome): (&str, &str), seconds: f64) {
        let labels = ["GET", route, status, outcome];
        registry.counter(&HTTP_REQUESTS, &labels).increment(1);
        let durations = registry.histogram(&HTTP_REQUEST_DURATION, &["GET", route, status]);
        durations.record(seconds);
        let error = match outcome {
            "error" => status,
            "panicked" => "panic",
            _ => return,
        };
        let labels = ["GET", route, error];
        registry.counter(&HTTP_ERRORS, &labels).increment(1);
    }

    fn totals(registry: &Registry) -> Vec<(u64, u64)> {
        let budgets: Vec<_> = registry.objectives().iter().flat_map(Scoped::of).collect();
        let mut sources = Sources::default();
        let first = sources.totals(registry, &budgets);
        assert_eq!(sources.totals(registry, &budgets), first);
        let totals = first.iter().map(|counts| (counts.events, counts.bad));
        totals.collect()
    }

    #[test]
    fn failures_break_availability_and_slowness_breaks_latency() {
        let quick = Objective::latency("quick", 95.0, Duration::from_millis(300));
        let answered = Objective::availability("answered", 99.9);
        let registry = registry(&Objectives::new([quick, answered]).unwrap());
        assert_eq!(totals(&registry), [(0, 0), (0, 0)]);

        for ((status, outcome), seconds) in [
            (("200", "ok"), 0.1),
            (("404", "ok"), 0.3),
            (("200", "ok"), 0.300_001),
            (("500", "error"), 0.001),
            (("503", "error"), 9.0),
            (("200", "error"), 0.2),
            (("500", "panicked"), 0.1),
            // The client left: early, and late.
            (("499", "cancelled"), 0.1),
            (("499", "cancelled"), 5.0),
            (("101", "upgraded"), 0.1),
        ] {
            request(&registry, "/", (status, outcome), seconds);
        }
        assert_eq!(totals(&registry), [(10, 4), (7, 2)]);
    }

    #[test]
    fn calls_of_grpc_are_requests_whose_route_is_their_method() {
        let get = "shop.Orders/Get";
        let quick = Objective::latency("quick", 95.0, Duration::from_millis(300));
        let objectives = [
            Objective::availability("answered", 99.9),
            Objective::availability("one", 99.9).for_each([get]),
            quick.for_group([get]),
        ];
        let registry = registry(&Objectives::new(objectives).unwrap());
        request(&registry, "/", ("200", "ok"), 0.1);
        for (method, (status, outcome), seconds) in [
            (get, ("OK", "ok"), 0.1),
            (get, ("NOT_FOUND", "ok"), 0.4),
            (get, ("UNAVAILABLE", "error"), 0.001),
            ("shop.Orders/List", ("INTERNAL", "error"), 0.4),
        ] {
            let labels = ["grpc", method, status, outcome];
            registry.counter(&RPC_REQUESTS, &labels).increment(1);
            let durations = registry.histogram(&RPC_REQUEST_DURATION, &["grpc", method, status]);
            durations.record(seconds);
            if outcome == "error" {
                let labels = ["grpc", method, status];
                registry.counter(&RPC_ERRORS, &labels).increment(1);
            }
        }
        assert_eq!(totals(&registry), [(5, 2), (3, 1), (2, 1)]);
    }

    #[test]
    fn each_scope_counts_its_routes() {
        let objectives = [
            Objective::availability("all", 99.0),
            Objective::availability("each", 99.0).for_each(["/b", "/a", "/never"]),
            Objective::availability("group", 99.0).for_group(["/a", "/b"]),
        ];
        let registry = registry(&Objectives::new(objectives).unwrap());
        for (route, requests) in [("/a", 1), ("/b", 2), ("/c", 3), ("", 4)] {
            for _ in 0..requests {
                request(&registry, route, ("500", "error"), 0.1);
            }
        }
        let expected = [(10, 10), (2, 2), (1, 1), (0, 0), (3, 3)];
        assert_eq!(totals(&registry), expected);
    }

    #[test]
    fn series_that_come_later_are_counted_from_their_first_request() {
        let objectives = Objectives::new([Objective::availability("api", 99.0)]).unwrap();
        let registry = registry(&objectives);
        let budgets: Vec<_> = objectives.iter().flat_map(Scoped::of).collect();
        let mut sources = Sources::default();
        for requests in 1..5 {
            let route = format!("/{requests}");
            request(&registry, &route, ("500", "error"), 0.1);
            let totals = sources.totals(&registry, &budgets);
            assert_eq!(totals, [Counts::new(requests, requests)]);
        }
    }

    #[test]
    fn past_the_budget_of_series_all_requests_still_count() {
        let objectives = [
            Objective::availability("all", 99.0),
            Objective::availability("group", 99.0).for_group(["/0", "/9"]),
        ];
        let options = RegistryOptions::new()
            .objectives(Objectives::new(objectives).unwrap())
            .series_per_metric(3);
        let registry = Registry::with_options(options);
        for route in 0..10 {
            request(&registry, &format!("/{route}"), ("500", "error"), 0.1);
        }
        assert_eq!(totals(&registry), [(10, 10), (1, 1)]);
    }

    #[test]
    fn a_threshold_joins_whatever_bounds_there_are() {
        let objectives = [Objective::latency("api", 95.0, Duration::from_millis(40))];
        let options = RegistryOptions::new()
            .objectives(Objectives::new(objectives).unwrap())
            .bounds(HTTP_REQUEST_DURATION.name(), Bounds::new([1.0]).unwrap());
        assert_eq!(options.without_thresholds(), None);
        let registry = Registry::with_options(options);
        for seconds in [0.01, 0.04, 0.05, 2.0] {
            request(&registry, "/", ("200", "ok"), seconds);
        }
        assert_eq!(totals(&registry), [(4, 2)]);
        let text = registry.render();
        assert!(text.contains("le=\"0.04\"} 2\n"), "{text}");
        assert!(text.contains("le=\"1.0\"} 3\n"), "{text}");

        for name in [HTTP_REQUEST_DURATION.name(), RPC_REQUEST_DURATION.name()] {
            let options = RegistryOptions::new().bounds(name, Bounds::exponential());
            assert_eq!(options.without_thresholds(), Some(name));
        }
    }
}
