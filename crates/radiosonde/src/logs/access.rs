//! The access log: a line for a request.

use radiosonde_tower::grpc::GrpcStatus;
use radiosonde_tower::{Arrival, CurrentRequest, Observation, Observer, Outcome, Scope};

/// Writes a line for each request that fails, and for a share of the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccessLog {
    share: f64,
}

impl AccessLog {
    pub(crate) fn new(share: f64) -> Self {
        Self { share }
    }

    fn is_wanted(self) -> bool {
        fastrand::f64() < self.share
    }
}

impl Observer for AccessLog {
    fn arrive(&self, _: &Arrival<'_>, _: &mut CurrentRequest) -> Option<Box<dyn Scope>> {
        None
    }

    fn close(&self, observation: &Observation<'_>) {
        let (method, route, status) = (
            observation.method(),
            observation.route(),
            observation.status(),
        );
        let outcome = observation.outcome();
        let failed = matches!(outcome, Outcome::Error | Outcome::Panicked);
        let outcome = outcome.as_str();
        let duration_seconds = observation.duration().as_secs_f64();
        let call = observation.grpc();
        let rpc_method = call.map(|call| call.method());
        let rpc_status = call.and_then(|call| call.status()).map(GrpcStatus::as_str);
        // Not an error: a failure that was reported is not to be reported again.
        if failed {
            tracing::warn!(target: TARGET, method, route, status, rpc_method, rpc_status, outcome, duration_seconds, "request failed");
        } else if self.is_wanted() {
            tracing::info!(target: TARGET, method, route, status, rpc_method, rpc_status, outcome, duration_seconds, "request ended");
        }
    }
}

const TARGET: &str = "radiosonde::access";
