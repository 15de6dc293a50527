//! Spans: that of the server for each request, and those that the host makes with `tracing`.
//!
//! The server's span is made with the SDK's tracer, because that costs a fraction of the way through `tracing`; it is the
//! current one whenever the request's code runs, so the host's own spans become its children. Whether a request is sampled is
//! decided before anything of a span is made. One that is not has ids and nothing else, for its log lines, its error
//! reports and the services that it calls, and the host's own spans within it are not made either.
//!
//! The client's span is made the same way for each request that goes out, as a child of what is current where the request
//! is made.

mod attributes;
mod call;
mod client_span;
#[cfg(feature = "otlp")]
mod current;
#[cfg(feature = "otlp")]
mod exits;
#[cfg(feature = "otlp")]
mod export;
mod filter;
mod forwarded;
#[cfg(feature = "otlp")]
mod keep;
#[cfg(feature = "otlp")]
mod kept;
#[cfg(feature = "otlp")]
mod open;
mod propagation;
mod provider;
mod query;
mod request;
#[cfg(feature = "otlp")]
mod roots;
#[cfg_attr(
    not(feature = "otlp"),
    expect(dead_code, reason = "what is exported nowhere is not recorded")
)]
mod sampling;
mod server_span;
#[cfg(feature = "otlp")]
mod waiting;

#[cfg(feature = "otlp")]
pub(crate) use current::sampled_span;
#[cfg(feature = "otlp")]
pub(crate) use exits::Exits;
#[cfg(feature = "otlp")]
pub(crate) use export::SpanQueue;
pub(crate) use provider::Traces;
#[cfg(feature = "otlp")]
pub(crate) use sampling::check_strategies;
