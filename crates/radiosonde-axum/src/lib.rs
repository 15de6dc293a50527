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
//! | `/live` | `/health/live` | 200, or 503 once the process was marked unrecoverable, or while its runtime is stalled |
//! | `/ready` | `/health/ready` | 200 when started, in service, not draining, and every critical check passes; else 503 |
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
//! `Accept: application/health+json` asks for the form of the Internet-Draft `draft-inadarei-api-health-check-06`, where a
//! degraded service reads `warn`.
//!
//! The router for administrators has these, and what is nobody else's business:
//!
//! | path | answers |
//! |---|---|
//! | `/admin` | 200 and the paths that there are, in JSON |
//! | `/admin/catalog` | 200 and the metrics that the service has, as data: name, kind, unit, labels, bounds and help, in JSON |
//! | `/admin/out-of-service` | 200 and whether the service was taken out of service; `PUT` takes it out, with the reason as its body, `DELETE` puts it back |
//!
//! `GET` and `HEAD` are answered, and no cache keeps an answer. [`Paths`] puts them elsewhere.
//!
//! # Who sees what
//!
//! | | on the router of the service | on the router of administrators |
//! |---|---|---|
//! | probes | names, states, ages and durations; with the token also error texts | all of it; where there is a token, error texts with it only |
//! | `/metrics` | open, unless administrators have a listener of their own: then it is not there | open; where there is a token, with it only |
//! | `/admin` and below | with the token; where there is none, or administrators have a listener, it is not there | open; where there is a token, with it only |
//!
//! The probes stay on both, because a port that answers proves nothing about another. Who lacks the token is answered 401.

mod accept;
mod admin;
mod answer;
mod bodies;
mod draft;
mod endpoints;
mod format;
mod grpc;
mod handshake;
mod lines;
mod listener;
mod memory;
mod options;
mod paths;
mod probes;
mod routes;
mod scope;
mod scrape;
mod scrapes;
mod service;
#[cfg(feature = "slo")]
mod slo;
mod token;
mod weight;

pub use accept::{Accept, AcceptFailures, Retrying};
pub use endpoints::Endpoints;
pub use handshake::Handshake;
pub use listener::{ConnectionMetrics, CountedIo, CountedListener, OpenConnection};
pub use options::EndpointOptions;
pub use paths::{InvalidPath, Paths};
pub use routes::{Audience, Route, matched_path};
pub use service::ServiceInfo;
#[cfg(feature = "slo")]
pub use slo::slo_methods;
pub use token::{AdminToken, InvalidToken};
