//! Connections that were taken over by another protocol.

use std::time::Duration;

use crate::layer::Shared;
use crate::series::RouteSeries;

/// A request that was answered by another protocol, left among the extensions of its response for whoever serves the
/// connection: only they see when that ends.
///
/// `radiosonde::Sonde::serve` takes it for HTTP/1. A server that does not take it loses nothing but the duration: the request
/// has ended with its head.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade {
    shared: &'static Shared,
    series: &'static RouteSeries,
}

impl Upgrade {
    pub(crate) fn new(shared: &'static Shared, series: &'static RouteSeries) -> Self {
        Self { shared, series }
    }

    /// Records how long the other protocol was spoken, in `http_stream_duration_seconds`.
    pub fn lasted(self, duration: Duration) {
        self.shared.series.record_stream(self.series, duration);
    }
}
