//! The four metrics of an outgoing request, and their handles kept by server and method.

use std::sync::OnceLock;

use http::Uri;
use radiosonde_catalog::{
    HTTP_CLIENT_ACTIVE_REQUESTS, HTTP_CLIENT_ERRORS, HTTP_CLIENT_REQUEST_DURATION,
    HTTP_CLIENT_REQUESTS,
};
use radiosonde_metrics::{Counter, Histogram, Registry, SampledSpan, UpDownCounter};

use super::server::{Server, Servers};
use super::{ClientErrorType, ClientObservation, ClientOptions};
use crate::Outcome;
use crate::few::Few;

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(super) struct ClientSeries {
    registry: Registry,
    methods: usize,
    servers: Servers<Box<[CallSeries]>>,
}

/// The metrics of the requests to one server, by method.
pub(super) type ServerSeries = Server<Box<[CallSeries]>>;

/// The metrics of the requests to one server by one method.
#[derive(Debug, Default)]
pub(super) struct CallSeries {
    active: OnceLock<UpDownCounter>,
    ended: Few<(Option<u16>, Outcome), (Counter, Histogram)>,
    errors: Few<ClientErrorType, Counter>,
}

impl ClientSeries {
    pub(super) fn new(registry: Registry, options: &ClientOptions) -> Self {
        let methods = options.methods.len();
        Self {
            registry,
            methods,
            servers: Servers::new(options, || of_methods(methods)),
        }
    }

    /// Finds the series of a server by an address.
    pub(super) fn of(&self, uri: &Uri) -> &'static ServerSeries {
        self.servers.of(uri, || of_methods(self.methods))
    }

    /// Counts a request as in flight, until the returned number is counted down again.
    pub(super) fn depart(
        &self,
        server: &'static ServerSeries,
        index: usize,
        method: &str,
    ) -> &'static UpDownCounter {
        let make = || {
            self.registry
                .up_down_counter(&HTTP_CLIENT_ACTIVE_REQUESTS, &[method, server.name])
        };
        let active = server.kept[index].active.get_or_init(make);
        active.add(1);
        active
    }

    /// Records the end of a request, except that it is no longer in flight. Its `span` is the exemplar.
    pub(super) fn record(
        &self,
        series: &CallSeries,
        observation: &ClientObservation<'_>,
        span: Option<SampledSpan>,
    ) {
        let (method, server) = (observation.method, observation.server);
        let (status, outcome) = (observation.status, observation.outcome());
        let make = || {
            let status = status.map(|status| status.to_string()).unwrap_or_default();
            let labels = [method, server, &*status, outcome.as_str()];
            let requests = self.registry.counter(&HTTP_CLIENT_REQUESTS, &labels);
            let duration = self
                .registry
                .histogram(&HTTP_CLIENT_REQUEST_DURATION, &labels[..3]);
            (requests, duration)
        };
        series
            .ended
            .with((status, outcome), make, |(requests, duration)| {
                requests.increment(1);
                duration.record_in(observation.duration.as_secs_f64(), span);
            });
        if let Some(error) = observation.error_type() {
            let make = || {
                let error = error.to_string();
                self.registry
                    .counter(&HTTP_CLIENT_ERRORS, &[method, server, &*error])
            };
            series
                .errors
                .with(error, make, |errors| errors.increment(1));
        }
    }
}

fn of_methods(methods: usize) -> Box<[CallSeries]> {
    (0..methods).map(|_| CallSeries::default()).collect()
}
