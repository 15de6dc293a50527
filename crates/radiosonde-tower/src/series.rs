//! The four metrics of a request, and their handles kept by route.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_ERRORS, HTTP_REQUEST_DURATION, HTTP_REQUESTS,
};
use radiosonde_metrics::{Counter, Histogram, Registry, SampledSpan, UpDownCounter};
use rapidhash::RapidHashMap;

use crate::method::Methods;
use crate::observation::{ErrorType, Observation, Outcome};

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(crate) struct RequestSeries {
    registry: Registry,
    methods: Box<[MethodSeries]>,
}

/// The metrics of the requests of one method.
#[derive(Debug, Default)]
struct MethodSeries {
    active: OnceLock<UpDownCounter>,
    routes: Routes,
}

/// The metrics of the requests of one method and route.
#[derive(Debug)]
pub(crate) struct RouteSeries {
    pub(crate) method: &'static str,
    pub(crate) route: Box<str>,
    active: UpDownCounter,
    ended: Few<(u16, Outcome), (Counter, Histogram)>,
    errors: Few<ErrorType, Counter>,
}

impl RequestSeries {
    pub(crate) fn new(registry: Registry, methods: &Methods) -> Self {
        Self {
            registry,
            methods: (0..methods.len())
                .map(|_| MethodSeries::default())
                .collect(),
        }
    }

    /// Finds the series of a route; `method` is an index into `methods`.
    pub(crate) fn of(&self, methods: &Methods, method: usize, route: &str) -> Arc<RouteSeries> {
        let (label, series) = (methods.label(method), &self.methods[method]);
        series.routes.get_or_make(route, || {
            let active = || {
                self.registry
                    .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &[label])
            };
            Arc::new(RouteSeries {
                method: label,
                route: route.into(),
                active: series.active.get_or_init(active).clone(),
                ended: Few::default(),
                errors: Few::default(),
            })
        })
    }

    /// Records the end of a request, except that it is no longer in flight. Its `span` is the exemplar.
    pub(crate) fn record(
        &self,
        series: &RouteSeries,
        observation: &Observation<'_>,
        span: Option<SampledSpan>,
    ) {
        let (status, outcome) = (observation.status(), observation.outcome());
        let (method, route) = (series.method, &*series.route);
        let make = || {
            let status = status.to_string();
            let requests = self
                .registry
                .counter(&HTTP_REQUESTS, &[method, route, &status, outcome.as_str()]);
            let duration = self
                .registry
                .histogram(&HTTP_REQUEST_DURATION, &[method, route, &status]);
            (requests, duration)
        };
        series
            .ended
            .with((status, outcome), make, |(requests, duration)| {
                requests.increment(1);
                duration.record_in(observation.duration().as_secs_f64(), span);
            });
        if let Some(error) = observation.error_type() {
            let make = || {
                self.registry
                    .counter(&HTTP_ERRORS, &[method, route, &error.to_string()])
            };
            series
                .errors
                .with(error, make, |errors| errors.increment(1));
        }
    }
}

impl RouteSeries {
    pub(crate) fn arrive(&self) {
        self.active.add(1);
    }

    pub(crate) fn leave(&self) {
        self.active.add(-1);
    }
}

/// The routes of a method, up to a bound; beyond it each is made anew, from a registry that is bounded itself.
///
/// The hash is a fast one: routes are chosen by who writes the service, not by who asks it.
#[derive(Debug, Default)]
struct Routes(RwLock<RapidHashMap<Box<str>, Arc<RouteSeries>>>);

impl Routes {
    fn get_or_make(
        &self,
        route: &str,
        make: impl FnOnce() -> Arc<RouteSeries>,
    ) -> Arc<RouteSeries> {
        if let Some(series) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(route)
        {
            return series.clone();
        }
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if routes.len() >= MAX_ROUTES {
            return make();
        }
        routes.entry(route.into()).or_insert_with(make).clone()
    }
}

/// Handles by a key that has few values, up to a bound; beyond it each is looked up anew.
#[derive(Debug)]
struct Few<K, V>(RwLock<Vec<(K, V)>>);

impl<K: Copy + Eq, V> Few<K, V> {
    /// Runs `work` with the value of a key, which is made when there is none.
    fn with(&self, key: K, make: impl FnOnce() -> V, work: impl FnOnce(&V)) {
        let position = |few: &[(K, V)]| few.iter().position(|(other, _)| *other == key);
        let few = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = position(&few) {
            return work(&few[found].1);
        }
        drop(few);
        let mut few = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let found = match position(&few) {
            Some(found) => found,
            None if few.len() >= MAX_FEW => return work(&make()),
            None => {
                few.push((key, make()));
                few.len() - 1
            }
        };
        work(&few[found].1);
    }
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// As many as a metric may have series.
const MAX_ROUTES: usize = 2_000;

/// More than the statuses that a route answers with, times the ways in which it ends.
const MAX_FEW: usize = 64;
