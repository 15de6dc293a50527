//! The client side: one observation for each request that a service makes.
//!
//! [`ObserveClientLayer`] goes around a tower service that sends requests over `http`: the legacy client of `hyper-util`,
//! or a stack of layers above it. It records four metrics and lets [observers](ClientObserver) follow, as the layer of the
//! server does.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `http_client_requests_total` | counter | `method`, `server`, `status`, `outcome` |
//! | `http_client_request_duration_seconds` | histogram | `method`, `server`, `status` |
//! | `http_client_errors_total` | counter | `method`, `server`, `error_type` |
//! | `http_client_active_requests` | gauge | `method`, `server` |
//!
//! # Words
//!
//! *Server* is who is called: the host of the address, from a closed set ([`ClientOptions`]). A request *departs* when the
//! service is called with it, and ends when its response was read to the end, failed or was dropped.
//!
//! # How a request ends
//!
//! | outcome | when | counts as error |
//! |---|---|---|
//! | `ok` | the body was read to its end, and the status is below 400 | no |
//! | `error` | the status is 400 or above, there was no response, or the body failed | yes |
//! | `cancelled` | the future, or the body of a response below 400, was dropped before its end | no |
//! | `panicked` | a panic unwound through the layer | yes |
//! | `upgraded` | status 101, or a `CONNECT` answered with 2xx | no |
//!
//! A 4xx is an error here and none on the server, as the OpenTelemetry semantic conventions have it: who asks for what is
//! not there has failed to get it. A request that timed out is `cancelled` where the time-out drops its future, as those of
//! tower and Tokio do. So is a response whose body is never read, unless it has none.
//!
//! `status` is what the server answered, and absent where it did not.
//!
//! # Laws
//!
//! - Every request that departs is closed exactly once. So requests that departed = sum of outcomes + requests in flight.
//! - The layer watches and does not alter: readiness, errors, extensions, frames, trailers, size hints and the end of the
//!   stream pass through as they are. Observers may add headers; nothing else is added.
//! - However many hosts are called, labels stay within a closed set. Nothing of a path, a query or credentials is in them.
//!
//! # Examples
//!
//! ```
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Empty};
//! use radiosonde_metrics::Registry;
//! use radiosonde_tower::client::{ClientOptions, ObserveClientLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::new();
//! let layer = ObserveClientLayer::new(&registry, ClientOptions::new());
//!
//! // Stands for a client, such as `hyper_util::client::legacy::Client`.
//! let client = service_fn(async |_: Request<Empty<&[u8]>>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(String::from("hello")))
//! });
//! let request = Request::get("http://api.example.com/orders/7").body(Empty::new())?;
//! let response = layer.layer(client).oneshot(request).await?;
//! response.into_body().collect().await?;
//!
//! let line = r#"http_client_requests_total{method="GET",outcome="ok",server="api.example.com",status="200"} 1"#;
//! assert!(registry.render().contains(line));
//! # Ok(())
//! # }
//! ```
#![cfg_attr(feature = "reqwest", doc = include_str!("reqwest.md"))]

mod body;
mod call;
mod future;
mod layer;
mod observation;
mod observer;
mod options;
#[cfg(feature = "reqwest")]
mod reqwest;
mod series;
mod server;
mod service;
mod url;

pub use body::ClientBody;
pub use future::ClientResponseFuture;
pub use layer::ObserveClientLayer;
pub use observation::{ClientErrorType, ClientObservation};
pub use observer::{ClientObserver, ClientScope, Departure};
pub use options::{ClientOptions, ServerOf};
pub use service::ObserveClient;
