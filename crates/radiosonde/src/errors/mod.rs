//! Error reports: panics, failed requests and logged errors, sent to Sentry.
//!
//! A *report* is one event of Sentry. What happens inside a request is reported once: a panic or a logged error speaks
//! for the failed response that follows it. Reports carry the ids of the current span, sampled or not, so that they
//! join their traces. Whoever reports pays for a copy of the facts; symbols are looked up, and everything else is done,
//! on the telemetry thread.

mod current;
mod hook;
mod layer;
mod report;
mod reporter;
mod request;
mod sentry;
mod stack;

pub(crate) use hook::install_panic_hook;
pub(crate) use layer::ErrorLayer;
pub(crate) use reporter::Reporter;
pub(crate) use request::RequestReports;
