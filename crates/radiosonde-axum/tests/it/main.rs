//! The endpoints through a router.

mod bodies;
mod client;
mod headers;
mod lifecycle;
mod listener;
mod metrics;
mod routes;
mod secrets;
mod text;
