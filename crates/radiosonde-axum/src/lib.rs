#![doc = include_str!("../README.md")]
//!
//! # Words
//!
//! A *probe* is what an orchestrator asks, and `radiosonde-health` says what its answers mean. A *scrape* is what
//! Prometheus does to `/metrics`. A *twin* is a second path with the same answer, for those who expect it there.
//!
//! # Endpoints
//!
//! | path | twin | answers |
//! |---|---|---|
//! | `/live` | `/health/live` | 200, or 503 once the process was marked unrecoverable |
//! | `/ready` | `/health/ready` | 200 when started, not draining, and every critical check passes; else 503 |
//! | `/health/startup` | | 200 once every gate is open; else 503 |
//! | `/health` | | 200 when healthy or degraded, 503 when unhealthy |
//! | `/health/{check}` | | one check, critical or not: 200 when it passes, else 503; 404 when there is none of that name |
//! | `/metrics` | `/health/metrics` | 200 and Prometheus text; 503 when the runtime is shutting down |
//!
//! `/health` reports illness, not traffic: a service that is starting or draining answers there as its checks say.
//!
//! A probe is answered in JSON. `Accept: text/plain`, unless it likes `application/json` as much, or `?verbose` asks for
//! text instead: a line per check, `[+]database ok` or `[-]redis failing`, and a last line such as `ready check passed`.
//!
//! The router for administrators has these, and what is nobody else's business:
//!
//! | path | answers |
//! |---|---|
//! | `/admin/catalog` | 200 and the metrics that the service has, as data: name, kind, unit, labels, bounds and help, in JSON |
//!
//! `GET` and `HEAD` are answered, and no cache keeps an answer.

mod answer;
mod bodies;
mod catalog;
mod endpoints;
mod format;
mod lines;
mod listener;
mod memory;
mod probes;
mod routes;
mod scrape;
mod scrapes;
mod service;
mod shared;
#[cfg(feature = "slo")]
mod slo;
mod weight;

pub use endpoints::Endpoints;
pub use listener::{ConnectionMetrics, CountedIo, CountedListener, OpenConnection};
pub use routes::{ADMIN_ROUTES, PROBE_ROUTES, matched_path};
pub use service::ServiceInfo;
#[cfg(feature = "slo")]
pub use slo::slo_methods;
