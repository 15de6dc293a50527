#![doc = include_str!("../README.md")]
//!
//! # Words
//!
//! A *check* tests one dependency, on a schedule of its own, in the background. A *probe* is a question that an
//! orchestrator asks, and it is answered from the checks' last results: a thousand probes cost the dependency nothing.
//! Liveness, readiness and startup mean what the Kubernetes documentation on probes says.
//!
//! A check is *critical* when the service cannot do its work without the dependency; it then decides about readiness.
//! Any other is *optional*: when it fails, the service is degraded and goes on serving. Optional is the default,
//! because replicas share their dependencies, and all of them leaving at once helps nobody.
//!
//! A result is *stale* when it is older than three intervals and a timeout. It counts as failed, whatever it says.
//!
//! A *gate* is a named step of the start, such as migrations. The service has started once every gate is open.
//!
//! # Lifecycle
//!
//! | phase | begins | liveness | readiness |
//! |---|---|---|---|
//! | starting | with [`Health::new`], while a [`Gate`] is closed | green | red |
//! | ready, not ready | when the last gate opens; a critical check decides which | green | as the checks say |
//! | out of service | with [`Health::take_out_of_service`], until [`Health::return_to_service`] | green | red |
//! | draining | with [`Health::start_draining`], for good | green | red |
//! | stopped | with [`Health::stop`], for good | green | red |
//!
//! Liveness turns red in two cases only: after [`Health::mark_unrecoverable`], for good, and while a runtime that is
//! watched ([`Health::watch_runtime`]) is stalled. No check can reach it, because restarting a service does not mend what
//! it depends on. A check can be made critical, which is about readiness:
//!
//! ```
//! use radiosonde_health::{Check, CheckFailed, Health};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), radiosonde_health::RegisterError> {
//! let health = Health::new();
//! let database = Check::new("database", async || Err(CheckFailed::new("connection refused")));
//! health.register(database.critical())?;
//!
//! assert!(!health.readiness().await.ready);
//! assert!(health.liveness().alive);
//! # Ok(())
//! # }
//! ```
//!
//! There is no third severity, and none can be made:
//!
//! ```compile_fail,E0599
//! let severity = radiosonde_health::Severity::Liveness;
//! ```
//!
//! and what liveness is made of, no check can add to:
//!
//! ```compile_fail,E0639
//! use radiosonde_health::{Health, Liveness};
//!
//! let dead = Liveness { alive: false, ..Health::new().liveness() };
//! ```
//!
//! # Features
//!
//! | feature | on by default | what it adds |
//! |---|---|---|
//! | `metrics` | no | `Health::record_into`: what the checks say, in a registry of `radiosonde-metrics` |

mod change;
mod check;
mod check_failed;
mod health;
mod heartbeat;
mod hysteresis;
mod lifecycle;
#[cfg(feature = "metrics")]
mod metrics;
mod monitor;
mod probe;
mod register_error;
mod report;
mod schedule;
mod severity;

pub use change::Change;
pub use check::Check;
pub use check_failed::CheckFailed;
pub use health::Health;
pub use lifecycle::Gate;
pub use probe::{Liveness, Obstacle, Readiness, Startup};
pub use register_error::RegisterError;
pub use report::{CheckReport, CheckState, Report, Status};
pub use severity::Severity;
