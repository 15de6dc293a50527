//! What all handlers know.

use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use tokio::time::Instant;

use crate::ServiceInfo;
use crate::scrapes::Scrapes;

/// What every handler can reach.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: ServiceInfo,
    pub(crate) health: Health,
    pub(crate) registry: Registry,
    pub(crate) made: Instant,
    pub(crate) scrapes: Scrapes,
}
