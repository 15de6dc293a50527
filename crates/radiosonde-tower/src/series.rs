//! The four metrics of a request, and their handles kept by route.

use std::sync::OnceLock;
use std::time::Duration;

use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_ERRORS, HTTP_REQUEST_BODY, HTTP_REQUEST_DURATION, HTTP_REQUESTS,
    HTTP_RESPONSE_BODY, HTTP_STREAM_DURATION, Metric,
};
use radiosonde_metrics::{Counter, Histogram, Registry, SampledSpan, UpDownCounter};

use crate::few::Few;
use crate::method::Methods;
use crate::observation::{ErrorType, Observation, Outcome};
use crate::routes::{Found, Routes};

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(crate) struct RequestSeries {
    registry: Registry,
    /// The requests in flight, by the index of the method. Made when the first request comes.
    active: Box<[OnceLock<UpDownCounter>]>,
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
    stream: OnceLock<Histogram>,
    request_body: OnceLock<Histogram>,
    response_body: OnceLock<Histogram>,
}

impl RequestSeries {
    pub(crate) fn new(registry: Registry, methods: &Methods) -> Self {
        Self {
            registry,
            active: (0..methods.len()).map(|_| OnceLock::new()).collect(),
            routes: Routes::new(methods.len()),
        }
    }

    /// Finds the series of a route; `method` is an index into `methods`.
    pub(crate) fn of(&self, methods: &Methods, method: usize, route: &str) -> Found {
        self.routes.get_or_make(method, route, || {
            let label = methods.label(method);
            let active = || {
                self.registry
                    .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &[label])
            };
            RouteSeries {
                method: label,
                route: route.into(),
                active: self.active[method].get_or_init(active).clone(),
                ended: Few::default(),
                errors: Few::default(),
                stream: OnceLock::new(),
                request_body: OnceLock::new(),
                response_body: OnceLock::new(),
            }
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

impl RequestSeries {
    pub(crate) fn record_stream(&self, series: &RouteSeries, lasted: Duration) {
        let stream = self.of_route(series, &series.stream, &HTTP_STREAM_DURATION);
        stream.record(lasted.as_secs_f64());
    }

    pub(crate) fn record_request_body(&self, series: &RouteSeries, bytes: u64) {
        let body = self.of_route(series, &series.request_body, &HTTP_REQUEST_BODY);
        body.record(real(bytes));
    }

    pub(crate) fn record_response_body(&self, series: &RouteSeries, bytes: u64) {
        let body = self.of_route(series, &series.response_body, &HTTP_RESPONSE_BODY);
        body.record(real(bytes));
    }

    fn of_route<'a>(
        &self,
        series: &RouteSeries,
        handle: &'a OnceLock<Histogram>,
        metric: &Metric,
    ) -> &'a Histogram {
        let labels = [series.method, &series.route];
        handle.get_or_init(|| self.registry.histogram(metric, &labels))
    }
}

#[expect(clippy::cast_precision_loss, reason = "buckets are coarser than that")]
fn real(bytes: u64) -> f64 {
    bytes as f64
}

impl RouteSeries {
    pub(crate) fn arrive(&self) {
        self.active.add(1);
    }

    pub(crate) fn leave(&self) {
        self.active.add(-1);
    }
}
