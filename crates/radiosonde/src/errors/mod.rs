//! Error reports: panics, failed requests and logged errors, sent to Sentry.
//!
//! A *report* is one event of Sentry. One failure is one report: in a request, a panic or a logged error speaks for the failed
//! response that follows it; an error that is passed on, wrapped and logged again is told by its innermost cause; and so is
//! a panic that somebody catches, or hears of by joining a task. Reports carry the ids of the current span, sampled or not, so that they
//! join their traces. Whoever reports pays for a copy of the facts. Symbols are looked up and secrets
//! replaced on a thread beside the telemetry thread, which sends.
//!
//! # What becomes of a report
//!
//! An event that is to be ignored, is not of the share that is sent (`SENTRY_SAMPLE_RATE`), or is one too many in its
//! minute, or says what was reported in its request, is counted in `radiosonde_error_events_suppressed_total`, with the reason. All others are captured, and of
//! those, at any time: *captured* = *sent* + *failed* + *dropped* + those that wait. Sentry is told what it did not get.
//! A pause that it asks for is kept.
//!
//! # What a report tells
//!
//! The errors and their causes, the stack of a panic and of what [`Sonde::report`](crate::Sonde::report) is given; of the request,
//! its method, route, path, query and those headers that [`ErrorOptions::headers`] names; the user and the tags that the service
//! [set](set_user) in it; the last events that were logged in it from `INFO` up, as breadcrumbs; release, environment, build
//! and server.
//!
//! # Secrets
//!
//! Before a report is sent, what may be a secret is replaced by `[Filtered]`: the values of fields, headers, and members of a
//! query whose name contains `auth`, `token`, `secret`, `password`, `passwd`, `pwd`, `key`, `jwt`, `bearer`, `sso`, `saml`, `csrf`,
//! `xsrf`, `credentials`, `session`, `sid` or `identity`, in any case, and of a query also what is called `sig` or `code`, or contains
//! `signature`; and in messages the same, of a form that stands there as of a query, the users and passwords of URLs, what
//! authorises, private keys, and tokens that are known by their shape. Bodies are never read.

mod about;
mod breadcrumbs;
mod current;
mod deployment;
mod envelope;
mod event;
mod exception;
mod fields;
mod frame;
mod gate;
mod layer;
mod level;
mod limit;
mod losses;
mod panic;
mod preparation;
mod project;
mod rate_limits;
mod reentry;
mod report;
mod reporter;
mod request;
mod scrub;
#[cfg(test)]
mod scrub_fuzz;
mod scrubbing;
mod sending;
mod sessions;
mod stack;
mod told;
mod user;
mod within;

pub use about::{set_cause, set_tag, set_user};

pub use crate::config::ErrorOptions;
pub(crate) use layer::ErrorLayer;
pub use level::Level;
pub use report::ErrorReport;
pub(crate) use reporter::Reporter;
pub(crate) use request::RequestReports;
pub use user::User;
pub use within::{WithinRequest, within_request};
