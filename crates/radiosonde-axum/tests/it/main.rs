//! The endpoints through a router.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

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
mod sharing;
mod text;
mod tonic;
