//! How a service ends: signal, drain, flush.
//!
//! On a signal readiness turns red at once, and the service goes on accepting for the drain delay, because a load
//! balancer learns of the end while it happens. Then it accepts no more, lets requests in flight end until the drain
//! timeout, cuts those that are left, and flushes its telemetry.

#[cfg(feature = "axum")]
mod catalogue;
#[cfg(feature = "axum")]
mod connections;
mod ending;
#[cfg(feature = "axum")]
mod listen;
#[cfg(feature = "axum")]
mod probe_thread;
#[cfg(feature = "axum")]
mod serve;
mod shutdown;
mod signal;
#[cfg(feature = "axum")]
mod socket;
#[cfg(feature = "axum")]
mod taken;
#[cfg(feature = "axum")]
mod talk;

pub(crate) use ending::Ending;
#[cfg(feature = "axum")]
pub use probe_thread::ProbeThread;
#[cfg(feature = "axum")]
pub use serve::{ServeError, Server};
pub(crate) use shutdown::Telemetry;
pub use shutdown::{Delivery, ShutdownReport};
pub(crate) use signal::Signals;
