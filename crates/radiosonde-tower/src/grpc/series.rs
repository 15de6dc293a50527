//! The metrics of calls, and their handles kept by method.

use std::ptr;
use std::time::Duration;

use radiosonde_catalog::{
    Metric, RPC_ACTIVE_REQUESTS, RPC_CLIENT_ACTIVE_REQUESTS, RPC_CLIENT_ERRORS,
    RPC_CLIENT_REQUEST_DURATION, RPC_CLIENT_REQUESTS, RPC_CLIENT_STREAM_DURATION, RPC_ERRORS,
    RPC_REQUEST_DURATION, RPC_REQUESTS, RPC_STREAM_DURATION,
};
use radiosonde_metrics::{Counter, Histogram, Registry, SampledSpan, UpDownCounter};

use super::methods::{Method, Methods};
use super::{GrpcOptions, GrpcStatus};
use crate::Outcome;
use crate::few::Few;

/// The metrics of all calls of one layer.
#[derive(Debug)]
pub(crate) struct GrpcSeries {
    registry: Registry,
    side: &'static Side,
    pub(super) methods: Methods,
    /// By server, which a service has none of.
    active: Few<Server, UpDownCounter>,
}

/// The metrics of one method.
#[derive(Debug, Default)]
pub(super) struct MethodSeries {
    ended: Few<(Server, Option<GrpcStatus>, Outcome), (Counter, Histogram)>,
    errors: Few<(Server, &'static str), Counter>,
    streams: Few<Server, Histogram>,
}

/// The server that was called; none where it is this one.
type Server = Option<&'static str>;

/// Which metrics are recorded: those of a service, or of a client.
#[derive(Debug)]
pub(crate) struct Side {
    requests: Metric,
    duration: Metric,
    errors: Metric,
    active: Metric,
    stream: Metric,
}

impl Side {
    pub(crate) const SERVICE: &Self = &Self {
        requests: RPC_REQUESTS,
        duration: RPC_REQUEST_DURATION,
        errors: RPC_ERRORS,
        active: RPC_ACTIVE_REQUESTS,
        stream: RPC_STREAM_DURATION,
    };
    pub(crate) const CLIENT: &Self = &Self {
        requests: RPC_CLIENT_REQUESTS,
        duration: RPC_CLIENT_REQUEST_DURATION,
        errors: RPC_CLIENT_ERRORS,
        active: RPC_CLIENT_ACTIVE_REQUESTS,
        stream: RPC_CLIENT_STREAM_DURATION,
    };
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) server: Server,
    pub(super) status: Option<GrpcStatus>,
    pub(super) outcome: Outcome,
    pub(super) error: Option<&'static str>,
    pub(super) duration: Duration,
    /// How long its stream lasted, if it had one.
    pub(super) stream: Option<Duration>,
}

impl GrpcSeries {
    pub(crate) fn new(registry: Registry, side: &'static Side, options: &GrpcOptions) -> Self {
        let series = Self {
            registry,
            side,
            methods: Methods::new(options),
            active: Few::default(),
        };
        if ptr::eq(side, Side::SERVICE) {
            // There before the first call, so that whoever reads the catalogue knows that the service speaks gRPC.
            series.add_active(None, 0);
        }
        series
    }

    /// Counts calls in flight up or down.
    pub(super) fn add_active(&self, server: Server, calls: i64) {
        let make = || {
            self.registry
                .up_down_counter(&self.side.active, &labels([SYSTEM], server))
        };
        self.active.with(server, make, |active| active.add(calls));
    }

    /// Records the end of a call, except that it is no longer in flight. Its `span` is the exemplar.
    pub(super) fn record(&self, method: &Method, ended: &Ended, span: Option<SampledSpan>) {
        let Self { registry, side, .. } = self;
        let Ended {
            server,
            status,
            outcome,
            ..
        } = *ended;
        let make = || {
            let status = status.map_or("", GrpcStatus::as_str);
            let [system, name] = [SYSTEM, method.name];
            let of_requests = labels([system, name, status, outcome.as_str()], server);
            let of_duration = labels([system, name, status], server);
            let requests = registry.counter(&side.requests, &of_requests);
            (requests, registry.histogram(&side.duration, &of_duration))
        };
        method
            .series
            .ended
            .with((server, status, outcome), make, |(requests, duration)| {
                requests.increment(1);
                duration.record_in(ended.duration.as_secs_f64(), span);
            });
        if let Some(error) = ended.error {
            let make =
                || registry.counter(&side.errors, &labels([SYSTEM, method.name, error], server));
            method
                .series
                .errors
                .with((server, error), make, |errors| errors.increment(1));
        }
        if let Some(lasted) = ended.stream {
            let make = || registry.histogram(&side.stream, &labels([SYSTEM, method.name], server));
            method
                .series
                .streams
                .with(server, make, |stream| stream.record(lasted.as_secs_f64()));
        }
    }
}

/// The labels of a metric, with the server last where the side has one.
fn labels<const N: usize>(labels: [&'static str; N], server: Server) -> Vec<&'static str> {
    labels.into_iter().chain(server).collect()
}

/// The value of the label `rpc_system`.
const SYSTEM: &str = "grpc";
