//! The endpoints through a router.

mod admin;
mod bodies;
mod client;
mod draft;
mod grpc;
mod headers;
mod lifecycle;
mod listener;
mod metrics;
mod paths;
mod routes;
mod secrets;
mod text;
