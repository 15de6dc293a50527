//! The four metrics of a request, and their handles kept by route.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_ERRORS, HTTP_REQUEST_DURATION, HTTP_REQUESTS,
};
use radiosonde_metrics::{Counter, Histogram, Registry, UpDownCounter};

use crate::method::Methods;
use crate::observation::{ErrorType, Observation, Outcome};

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(crate) struct RequestSeries {
    registry: Registry,
    active: Box<[OnceLock<UpDownCounter>]>,
    routes: Cache<(usize, Box<str>), Arc<RouteSeries>>,
}

/// The metrics of the requests of one method and route.
#[derive(Debug)]
pub(crate) struct RouteSeries {
    pub(crate) method: &'static str,
    pub(crate) route: Box<str>,
    active: UpDownCounter,
    ended: Cache<(u16, Outcome), (Counter, Histogram)>,
    errors: Cache<ErrorType, Counter>,
}

impl RequestSeries {
    pub(crate) fn new(registry: Registry, methods: &Methods) -> Self {
        Self {
            registry,
            active: (0..methods.len()).map(|_| OnceLock::new()).collect(),
            routes: Cache::default(),
        }
    }

    /// Finds the series of a route; `method` is an index into `methods`.
    pub(crate) fn of(&self, methods: &Methods, method: usize, route: &str) -> Arc<RouteSeries> {
        self.routes.get_or_make((method, route.into()), || {
            let label = methods.label(method);
            let active = || {
                self.registry
                    .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &[label])
            };
            Arc::new(RouteSeries {
                method: label,
                route: route.into(),
                active: self.active[method].get_or_init(active).clone(),
                ended: Cache::default(),
                errors: Cache::default(),
            })
        })
    }

    /// Records the end of a request, except that it is no longer in flight.
    pub(crate) fn record(&self, series: &RouteSeries, observation: &Observation<'_>) {
        let (status, outcome) = (observation.status(), observation.outcome());
        let (method, route) = (series.method, &*series.route);
        let (requests, duration) = series.ended.get_or_make((status, outcome), || {
            let status = status.to_string();
            let requests = self
                .registry
                .counter(&HTTP_REQUESTS, &[method, route, &status, outcome.as_str()]);
            let duration = self
                .registry
                .histogram(&HTTP_REQUEST_DURATION, &[method, route, &status]);
            (requests, duration)
        });
        requests.increment(1);
        duration.record(observation.duration().as_secs_f64());
        if let Some(error) = observation.error_type() {
            let counter = || {
                self.registry
                    .counter(&HTTP_ERRORS, &[method, route, &error.to_string()])
            };
            series.errors.get_or_make(error, counter).increment(1);
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

/// Handles that were looked up, up to a bound; beyond it each is looked up anew, in a registry that is bounded itself.
#[derive(Debug)]
struct Cache<K, V>(RwLock<HashMap<K, V>>);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> V {
        if let Some(value) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return value.clone();
        }
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let full = cache.len() >= MAX_CACHED;
        match cache.entry(key) {
            Entry::Occupied(entry) => entry.get().clone(),
            Entry::Vacant(_) if full => make(),
            Entry::Vacant(entry) => entry.insert(make()).clone(),
        }
    }
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// As many as a metric may have series.
const MAX_CACHED: usize = 2_000;
