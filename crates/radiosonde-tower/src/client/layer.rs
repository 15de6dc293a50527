//! The layer; see the module's docs.

use radiosonde_metrics::Registry;
use tower_layer::Layer;

use super::series::ClientSeries;
use super::{ClientOptions, ObserveClient};
use crate::grpc::{GrpcSeries, Side};

/// Puts [`ObserveClient`] around clients.
///
/// A layer is a pointer. What it points to, the options and the handles of the metrics, is kept for the life of the
/// process, so make one layer and copy it, not one per request or per client.
#[derive(Debug, Clone, Copy)]
pub struct ObserveClientLayer {
    pub(super) shared: &'static Shared,
}

/// What all services of a layer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: ClientOptions,
    pub(super) series: ClientSeries,
    pub(super) grpc: Option<GrpcSeries>,
}

impl ObserveClientLayer {
    /// Makes a layer that records into `registry`.
    #[must_use]
    pub fn new(registry: &Registry, options: ClientOptions) -> Self {
        let series = ClientSeries::new(registry.clone(), &options);
        let grpc = options.grpc.as_ref();
        let grpc = grpc.map(|grpc| GrpcSeries::new(registry.clone(), Side::CLIENT, grpc));
        Self {
            // A counted pointer would be cloned with the client for every request, and threads would meet on its count.
            shared: Box::leak(Box::new(Shared {
                options,
                series,
                grpc,
            })),
        }
    }
}

impl<S> Layer<S> for ObserveClientLayer {
    type Service = ObserveClient<S>;

    fn layer(&self, inner: S) -> ObserveClient<S> {
        ObserveClient::new(inner, self.shared)
    }
}
