#![doc = include_str!("../README.md")]
//!
//! This page is about requests that come; those that go out have a module of their own, [`client`].
//!
//! # Words
//!
//! An *observation* is what is known of one request when it has ended: method, route, status, [`Outcome`] and how long
//! it took. An [*observer*](Observer) follows requests beside the metrics: it opens a *scope* when a request arrives,
//! is entered whenever the request's own code runs, and is closed with the observation. *Route* is the template that
//! matched (`/orders/{id}`), never a path.
//!
//! # Laws
//!
//! - Every request that arrives is closed exactly once: when its body ended, failed or was dropped, when the handler
//!   panicked, when the client went away. So requests that arrived = sum of outcomes + requests in flight.
//! - The layer watches and does not alter: readiness, errors, extensions, frames, trailers, size hints and the end of
//!   the stream pass through as they are.
//! - No label comes from what a client sends: an unknown method reads `_OTHER`, and a request that matched no route has
//!   the route `""`. The name of a method of gRPC stands in its path, and is one once a service has answered it in gRPC.

mod answer;
mod body;
pub mod client;
mod clock;
mod current;
mod few;
mod future;
pub mod grpc;
mod inside;
mod label;
mod layer;
mod method;
mod observation;
mod observer;
mod open;
mod options;
mod quiet;
mod routes;
mod series;
mod service;
mod upgrade;

pub use body::ObservedBody;
pub use current::{CurrentRequest, SpanIds, with_current_request};
pub use future::ResponseFuture;
pub use label::RequestLabel;
pub use layer::ObserveLayer;
pub use observation::{ErrorType, Observation, Outcome};
pub use observer::{Arrival, Entered, Observer, Scope};
pub use options::{ObserveOptions, RouteOf, StreamRule};
pub use service::Observe;
pub use upgrade::Upgrade;
