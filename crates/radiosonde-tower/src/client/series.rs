//! The metrics of an outgoing request, kept by server and method.

use std::sync::OnceLock;

use http::Uri;
use radiosonde_catalog::{
    HTTP_CLIENT_ACTIVE_REQUESTS, HTTP_CLIENT_ERRORS, HTTP_CLIENT_REQUEST_DURATION,
    HTTP_CLIENT_REQUESTS,
};
use radiosonde_metrics::{Ending, EndingId, Operations, Registry, SampledSpan};

use super::server::{Server, Servers};
use super::{ClientErrorType, ClientObservation, ClientOptions};
use crate::clock::whole_nanoseconds;

/// The metrics of all requests of one layer.
#[derive(Debug)]
pub(super) struct ClientSeries {
    registry: Registry,
    methods: usize,
    servers: Servers<Box<[CallSeries]>>,
}

/// The metrics of the requests to one server, by method.
pub(super) type ServerSeries = Server<Box<[CallSeries]>>;

/// The metrics of the requests to one server by one method, from the first one on.
type CallSeries = OnceLock<Operations>;

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

    /// Counts a request as in flight, until its end is recorded.
    pub(super) fn depart(
        &self,
        server: &'static ServerSeries,
        index: usize,
        method: &str,
    ) -> &'static Operations {
        let operations = server.kept[index].get_or_init(|| {
            let operations = Operations::new();
            self.registry
                .up_down_counter(&HTTP_CLIENT_ACTIVE_REQUESTS, &[method, server.name])
                .count_active(&operations);
            operations
        });
        operations.begin();
        operations
    }

    /// Records the end of a request. Its `span` is the exemplar.
    pub(super) fn record(
        &self,
        operations: &Operations,
        observation: &ClientObservation<'_>,
        span: Option<SampledSpan>,
    ) {
        let nanoseconds = whole_nanoseconds(observation.duration);
        operations.end(id(observation), nanoseconds, span, || {
            self.ending(observation)
        });
    }

    /// Returns the instruments that tell of requests that ended so.
    fn ending(&self, observation: &ClientObservation<'_>) -> Ending {
        let (method, server) = (observation.method, observation.server);
        let status = observation.status.map(|status| status.to_string());
        let status = status.unwrap_or_default();
        let labels = [method, server, &status, observation.outcome().as_str()];
        let requests = self.registry.counter(&HTTP_CLIENT_REQUESTS, &labels);
        let times = (self.registry).histogram(&HTTP_CLIENT_REQUEST_DURATION, &labels[..3]);
        let ending = Ending::new(times).counted_by(requests);
        let Some(error) = observation.error_type() else {
            return ending;
        };
        let labels = [method, server, &error.to_string()];
        let errors = self.registry.counter(&HTTP_CLIENT_ERRORS, &labels);
        ending.counted_by(errors)
    }
}

/// Names how a request ended: by its status, its outcome, and what kind of failure it was, which the other two leave open.
fn id(observation: &ClientObservation<'_>) -> EndingId {
    let error = match observation.error_type() {
        // The last is of calls, which are recorded elsewhere.
        None | Some(ClientErrorType::Status(_) | ClientErrorType::Grpc(_)) => 0,
        Some(ClientErrorType::Connect) => 1,
        Some(ClientErrorType::Timeout) => 2,
        Some(ClientErrorType::Inner) => 3,
        Some(ClientErrorType::Body) => 4,
        Some(ClientErrorType::Panic) => 5,
    };
    let status = observation.status.unwrap_or_default();
    u32::from(status) | (observation.outcome() as u32) << 16 | error << 24
}

fn of_methods(methods: usize) -> Box<[CallSeries]> {
    (0..methods).map(|_| OnceLock::new()).collect()
}
