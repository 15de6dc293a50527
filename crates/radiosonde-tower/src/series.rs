//! The metrics of a request, kept by method and route.

use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_ERRORS, HTTP_REQUEST_BODY, HTTP_REQUEST_DURATION, HTTP_REQUESTS,
    HTTP_RESPONSE_BODY, HTTP_STREAM_DURATION, Metric,
};
use radiosonde_metrics::{Ending, EndingId, Histogram, Operations, Registry, SampledSpan};

use crate::ObserveOptions;
use crate::clock::Lapse;
use crate::observation::{End, Stop};
use crate::routes::{self, Routes, Spot};

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(crate) struct RequestSeries {
    registry: Registry,
    requests: Metric,
    duration: Metric,
    errors: Metric,
    routes: Routes,
}

/// The metrics of the requests of one method and route.
#[derive(Debug)]
pub(crate) struct RouteSeries {
    pub(crate) spot: Spot,
    pub(crate) method: &'static str,
    pub(crate) route: Box<str>,
    /// The value of the label that the service adds, where it adds one.
    label: Option<&'static str>,
    /// Whether its requests are left out, and nothing is recorded.
    pub(crate) excluded: bool,
    pub(crate) operations: Operations,
    stream: OnceLock<Histogram>,
    request_body: OnceLock<Histogram>,
    response_body: OnceLock<Histogram>,
}

impl RouteSeries {
    /// Counts a request as in flight, unless it is left out, where this thread has no part to do that in.
    #[cold]
    pub(crate) fn begin_apart(&self) {
        if !self.excluded {
            self.operations.begin();
        }
    }
}

impl RequestSeries {
    pub(crate) fn new(registry: Registry, options: &ObserveOptions) -> Self {
        let declared = |metric: Metric| {
            let Some(label) = &options.label else {
                return metric;
            };
            let metric = label.added_to(metric);
            registry.declare(&metric);
            metric
        };
        Self {
            requests: declared(HTTP_REQUESTS),
            duration: declared(HTTP_REQUEST_DURATION),
            errors: declared(HTTP_ERRORS),
            routes: Routes::new(options.indices()),
            registry,
        }
    }

    /// Finds the series of the route that a request arrives at; `index` is that of its method and label in the options. Where it
    /// `is_counted` there, it is in flight until its end is recorded.
    #[inline]
    pub(crate) fn arrive(
        &self,
        options: &ObserveOptions,
        index: usize,
        route: &str,
        is_counted: bool,
    ) -> &'static RouteSeries {
        let make = |route: &str, spot: Spot| {
            let (method, label) = options.at(index);
            RouteSeries {
                spot,
                method,
                route: route.into(),
                label: options.label.is_some().then_some(label),
                excluded: options.excludes(route),
                operations: Operations::new(),
                stream: OnceLock::new(),
                request_body: OnceLock::new(),
                response_body: OnceLock::new(),
            }
        };
        self.routes.arrive(index, route, is_counted, make, |kept| {
            self.count_active(kept);
        })
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
        series: &'static RouteSeries,
        stop: Stop,
        status: Option<StatusCode>,
        lapse: Lapse,
        span: Option<SampledSpan>,
    ) {
        let id = id(stop, status);
        let make = || self.ending(series, End::judge(stop, status));
        let (operations, nanoseconds) = (&series.operations, lapse.nanoseconds());
        let noted = routes::in_part(series, |part| {
            operations.end_in(part, id, nanoseconds, span, make);
        });
        if noted.is_none() {
            operations.end(id, nanoseconds, span, make);
        }
    }

    /// Returns the instruments that tell of requests that ended so.
    fn ending(&self, series: &RouteSeries, end: End) -> Ending {
        let (method, route) = (series.method, &*series.route);
        let (status, outcome) = (end.status.to_string(), end.outcome.as_str());
        let label = series.label;
        let times = with([method, route, &status], label);
        let times = self.registry.histogram(&self.duration, &times);
        let requests = with([method, route, &status, outcome], label);
        let requests = self.registry.counter(&self.requests, &requests);
        let ending = Ending::new(times).counted_by(requests);
        let Some(error) = end.error else {
            return ending;
        };
        let error = error.to_string();
        let errors = with([method, route, &error], label);
        let errors = self.registry.counter(&self.errors, &errors);
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

/// Adds the label of the service to those of a metric.
fn with<'a, const N: usize>(labels: [&'a str; N], label: Option<&'a str>) -> Vec<&'a str> {
    labels.into_iter().chain(label).collect()
}

/// Names how a request ended: by what its verdict follows from.
#[inline]
fn id(stop: Stop, status: Option<StatusCode>) -> EndingId {
    let status = status.map_or(0, |status| status.as_u16());
    u32::from(status) | (stop as u32) << 16
}

#[expect(clippy::cast_precision_loss, reason = "buckets are coarser than that")]
fn real(bytes: u64) -> f64 {
    bytes as f64
}
