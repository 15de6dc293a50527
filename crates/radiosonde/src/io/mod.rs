//! The thread on which all telemetry leaves the process.
//!
//! It has a small runtime of its own, so it works before the host has one, inside either flavour of the host's, and
//! while the host's is stuck or gone. Nothing of the host ever waits for it: producers hand over through bounded
//! [queues](pipeline), and [`Io::stop`] gives up at its deadline.

mod aside;
pub(crate) mod attempt;
#[cfg(feature = "otlp")]
pub(crate) mod file;
mod http_client;
mod latch;
#[cfg(feature = "otlp")]
mod otlp;
mod own_runtime;
pub(crate) mod pipeline;
#[cfg(any(feature = "otlp", feature = "sentry"))]
mod priority;
mod resolver;
#[cfg(any(feature = "otlp", feature = "sentry"))]
mod rounds;
mod thread;
mod tls;
mod work;

#[cfg(any(feature = "otlp", feature = "sentry"))]
pub(crate) use aside::Aside;
#[cfg(feature = "sentry")]
pub(crate) use aside::Undone;
pub(crate) use http_client::{HttpClient, HttpOptions};
pub(crate) use latch::Latch;
#[cfg(feature = "otlp-grpc")]
pub(crate) use otlp::call as grpc_call;
#[cfg(feature = "otlp")]
pub(crate) use otlp::{Batch, OtlpClient, Posted};
pub(crate) use own_runtime::OwnRuntime;
#[cfg(feature = "sentry")]
pub(crate) use priority::come_last;
#[cfg(any(feature = "otlp", feature = "sentry"))]
pub(crate) use priority::give_way;
#[cfg(any(feature = "otlp", feature = "sentry"))]
pub(crate) use rounds::Rounds;
pub(crate) use thread::{Io, is_telemetry_thread};
#[cfg(feature = "otlp")]
pub(crate) use tls::TlsFiles;
#[cfg(feature = "otlp")]
pub(crate) use work::begin;
