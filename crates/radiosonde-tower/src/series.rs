//! The metrics of a request, kept by method and route.

use std::sync::OnceLock;
use std::time::Duration;

use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_ERRORS, HTTP_REQUEST_BODY, HTTP_REQUEST_DURATION, HTTP_REQUESTS,
    HTTP_RESPONSE_BODY, HTTP_STREAM_DURATION, Metric,
};
use radiosonde_metrics::{Ending, EndingId, Histogram, Operations, Registry, SampledSpan};

use crate::ObserveOptions;
use crate::method::Methods;
use crate::observation::{End, ErrorType};
use crate::routes::Routes;

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(crate) struct RequestSeries {
    registry: Registry,
    routes: Routes,
}

/// The metrics of the requests of one method and route.
#[derive(Debug)]
pub(crate) struct RouteSeries {
    pub(crate) method: &'static str,
    pub(crate) route: Box<str>,
    /// Whether its requests are left out, and nothing is recorded.
    pub(crate) excluded: bool,
    pub(crate) operations: Operations,
    stream: OnceLock<Histogram>,
    request_body: OnceLock<Histogram>,
    response_body: OnceLock<Histogram>,
}

impl RequestSeries {
    pub(crate) fn new(registry: Registry, methods: &Methods) -> Self {
        Self {
            registry,
            routes: Routes::new(methods.len()),
        }
    }

    /// Finds the series of a route; `method` is an index into the methods of the options.
    #[inline]
    pub(crate) fn of(
        &self,
        options: &ObserveOptions,
        method: usize,
        route: &str,
    ) -> &'static RouteSeries {
        let make = |route: &str| RouteSeries {
            method: options.methods.label(method),
            route: route.into(),
            excluded: options.excludes(route),
            operations: Operations::new(),
            stream: OnceLock::new(),
            request_body: OnceLock::new(),
            response_body: OnceLock::new(),
        };
        self.routes
            .get_or_make(method, route, make, |kept| self.count_active(kept))
    }

    fn count_active(&self, series: &RouteSeries) {
        if !series.excluded {
            self.registry
                .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &[series.method])
                .count_active(&series.operations);
        }
    }

    /// Records the end of a request. Its `span` is the exemplar.
    #[inline]
    pub(crate) fn record(
        &self,
        series: &RouteSeries,
        end: End,
        duration: Duration,
        span: Option<SampledSpan>,
    ) {
        series
            .operations
            .end(id(end), duration, span, || self.ending(series, end));
    }

    /// Returns the instruments that tell of requests that ended so.
    fn ending(&self, series: &RouteSeries, end: End) -> Ending {
        let (method, route) = (series.method, &*series.route);
        let (status, outcome) = (end.status.to_string(), end.outcome.as_str());
        let times = self
            .registry
            .histogram(&HTTP_REQUEST_DURATION, &[method, route, &status]);
        let requests = self
            .registry
            .counter(&HTTP_REQUESTS, &[method, route, &status, outcome]);
        let ending = Ending::new(times).counted_by(requests);
        let Some(error) = end.error else {
            return ending;
        };
        let errors = self
            .registry
            .counter(&HTTP_ERRORS, &[method, route, &error.to_string()]);
        ending.counted_by(errors)
    }

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

/// Names how a request ended: by its status, its outcome, and what kind of failure it was, which the other two leave open.
#[inline]
fn id(end: End) -> EndingId {
    let error = match end.error {
        // The last is of calls, which are recorded elsewhere.
        None | Some(ErrorType::Status(_) | ErrorType::Grpc(_)) => 0,
        Some(ErrorType::Panic) => 1,
        Some(ErrorType::Inner) => 2,
        Some(ErrorType::Body) => 3,
    };
    u32::from(end.status) | (end.outcome as u32) << 16 | error << 24
}

#[expect(clippy::cast_precision_loss, reason = "buckets are coarser than that")]
fn real(bytes: u64) -> f64 {
    bytes as f64
}
