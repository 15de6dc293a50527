//! The layer; see the crate's docs.

use radiosonde_metrics::Registry;
use tower_layer::Layer;

use crate::clock::Clock;
use crate::grpc::{GrpcSeries, Side};
use crate::series::RequestSeries;
use crate::{Observe, ObserveOptions};

/// Puts [`Observe`] around services.
///
/// A layer is a pointer: servers that apply their layers for each connection copy it and do nothing else. What it
/// points to, the options and the handles of the metrics, is kept for the life of the process, so make one layer and
/// copy it, not one per request.
#[derive(Debug, Clone, Copy)]
pub struct ObserveLayer {
    shared: &'static Shared,
}

/// What all services of a layer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: ObserveOptions,
    pub(crate) series: RequestSeries,
    /// Those of calls, which a service that is no gRPC has not.
    pub(crate) grpc: Option<GrpcSeries>,
    pub(crate) clock: Clock,
}

impl ObserveLayer {
    /// Makes a layer that records into `registry`.
    #[must_use]
    pub fn new(registry: &Registry, options: ObserveOptions) -> Self {
        let series = RequestSeries::new(registry.clone(), &options);
        let grpc = options.grpc.as_ref();
        let grpc = grpc.map(|grpc| GrpcSeries::new(registry.clone(), Side::SERVICE, grpc));
        Self {
            // A counted pointer would be cloned with the service for every request, and threads would meet on its count.
            shared: Box::leak(Box::new(Shared {
                options,
                series,
                grpc,
                clock: Clock::new(),
            })),
        }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe::new(inner, self.shared)
    }
}
