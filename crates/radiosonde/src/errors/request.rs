//! Requests: those that failed are reported, and all are counted as sessions.

use std::mem;

use http::HeaderName;
use radiosonde_tower::{Arrival, CurrentRequest, ErrorType, Observation, Observer, Outcome, Scope};

use super::current::{self, transaction, with_notes};
use super::event::{Event, Exception, Mechanism, Response};
use super::exception::chain;
use super::reporter::Origin;
use super::sessions::SessionEnd;
use super::{Level, Reporter};

/// Reports requests that failed, unless what made them fail was reported.
///
/// Without a cause nobody can tell whether that is another failure than one that was reported in the request, and it rarely is.
#[derive(Debug)]
pub(crate) struct RequestReports {
    reporter: Reporter,
    /// Those that the service wants told.
    headers: Vec<HeaderName>,
}

impl RequestReports {
    pub(crate) fn new(reporter: Reporter, headers: Vec<HeaderName>) -> Self {
        Self { reporter, headers }
    }

    #[cold]
    fn report(&self, observation: &Observation<'_>, reported: bool) {
        let cause = cause(observation);
        if reported && cause.is_empty() {
            return self.reporter.repeat();
        }
        let request = observation.grpc().map_or_else(
            || transaction(observation.method(), observation.route()),
            |call| call.method().to_owned(),
        );
        let what = match observation.error_type() {
            Some(error) if !observation.has_response() => {
                format!("failed without a response ({error})")
            }
            Some(error) => format!("failed with {error}"),
            None => "failed".into(),
        };
        let mut event = Event::new(Level::Error);
        event.logger = Some("radiosonde".into());
        event.message = Some(format!("{request} {what}"));
        event.contexts.response = observation.has_response().then(|| Response {
            status_code: observation.status(),
        });
        if cause.is_empty() {
            // By its message alone Sentry would take every number for the same.
            event.fingerprint = vec!["radiosonde".into(), request, what];
        }
        event.exception.0 = cause;
        if let Some(outermost) = event.exception.0.last_mut() {
            outermost.mechanism = Some(Mechanism {
                kind: "http",
                handled: session_end(observation, true) != SessionEnd::Crashed,
            });
        }
        self.reporter.report(event, Origin::Elsewhere);
    }
}

impl Observer for RequestReports {
    fn arrive(
        &self,
        request: &Arrival<'_>,
        current: &mut CurrentRequest,
    ) -> Option<Box<dyn Scope>> {
        // All that a request pays that does not fail.
        current.keep_target(request.uri());
        current::keep_headers(&self.headers, request, current);
        None
    }

    fn close(&self, observation: &Observation<'_>) {
        // What is known of reports is left with the request.
        let reported = observation.has_extensions() && current::was_reported();
        if matches!(observation.outcome(), Outcome::Error | Outcome::Panicked) {
            self.report(observation, reported);
        }
        self.reporter
            .end_session(session_end(observation, reported));
    }
}

/// Returns why a request failed, the innermost cause first: what the service said, else what the body broke off with.
fn cause(observation: &Observation<'_>) -> Vec<Exception> {
    let said = with_notes(|noted| mem::take(&mut noted.cause)).unwrap_or_default();
    // A response of 500 had failed before its body did.
    let of_the_body = observation.error_type() == Some(ErrorType::Body);
    match observation.body_error() {
        Some(error) if of_the_body && said.is_empty() => chain(error),
        _ => said,
    }
}

/// Judges a request as Sentry does: with 500 it has crashed, whoever wrote the answer.
fn session_end(observation: &Observation<'_>, reported: bool) -> SessionEnd {
    match (observation.outcome(), observation.error_type()) {
        (Outcome::Error, Some(ErrorType::Status(501..))) => SessionEnd::Errored,
        (Outcome::Error | Outcome::Panicked, _) => SessionEnd::Crashed,
        _ if reported => SessionEnd::Errored,
        _ => SessionEnd::Exited,
    }
}
