//! The layer through its public face: each test is the life of one request, or of many.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![allow(clippy::float_cmp, reason = "what is compared are counts")]

mod balance;
mod client;
mod grpc;
mod label;
mod million;
mod observer;
mod outcomes;
mod script;
mod transparency;
mod wire;
