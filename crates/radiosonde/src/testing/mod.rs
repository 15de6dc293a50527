//! Telemetry that is local to a test, and assertions on what it holds.
//!
//! A [`Telemetry`] is like what [`build`](crate::build) returns when nothing is configured: it installs nothing and sends
//! nothing out. Unlike that it reads no environment variable, keeps log lines instead of printing them and error reports instead of
//! sending them, and says nothing of the process. Tests that run side by side in one process do not meet, as long as each makes its own.
//!
//! The request layer, the probes and the registry of [`Telemetry::sonde`] work as they are. What goes through the facades,
//! `counter!` or `info!`, arrives when the code that records runs in [`Telemetry::record`] or
//! [`Telemetry::instrument`].
//!
//! An assertion that fails panics at the line of the test, with what was expected, what is there, and which series of the
//! metric exist.
//!
//! This module is **outside semantic versioning**: a minor release may change it.
//!
//! # Examples
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use radiosonde::testing::Telemetry;
//! use tower::ServiceExt as _;
//!
//! async fn order() -> &'static str {
//!     metrics::counter!("orders_read_total", "currency" => "EUR").increment(1);
//!     tracing::info!("read an order");
//!     "an order"
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = Telemetry::new("checkout");
//! let app = Router::new()
//!     .route("/orders/{id}", get(order))
//!     .layer(telemetry.sonde().layer());
//!
//! for id in 1..=3 {
//!     let request = Request::get(format!("/orders/{id}")).body(Body::empty())?;
//!     let response = telemetry.instrument(app.clone().oneshot(request)).await?;
//!     axum::body::to_bytes(response.into_body(), usize::MAX).await?;
//! }
//!
//! let metrics = telemetry.metrics();
//! metrics.counter("http_requests_total", [("route", "/orders/{id}"), ("outcome", "ok")]).is(3);
//! metrics.histogram("http_request_duration_seconds", [("route", "/orders/{id}")]).has_count(3);
//! metrics.gauge("http_active_connections", []).is(0.0);
//! metrics.counter("orders_read_total", [("currency", "EUR")]).is(3);
//! telemetry.logs().contains("read an order");
//! # Ok(())
//! # }
//! ```

mod instrumented;
mod logs;
mod metrics;
#[cfg(feature = "sentry")]
mod reports;
mod selection;
mod telemetry;

pub use instrumented::Instrumented;
pub use logs::Logs;
pub use metrics::{Counter, Gauge, Histogram, Metrics};
#[cfg(feature = "sentry")]
pub use reports::Reports;
pub use telemetry::Telemetry;
