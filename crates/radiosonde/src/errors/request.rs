//! Requests that failed.

use radiosonde_tower::{Arrival, CurrentRequest, Observation, Observer, Outcome, Scope};
use sentry_core::protocol::{Event, Level};

use super::Reporter;
use super::current;

/// Reports requests that failed, unless what made them fail was reported.
#[derive(Debug)]
pub(crate) struct RequestReports(Reporter);

impl RequestReports {
    pub(crate) fn new(reporter: Reporter) -> Self {
        Self(reporter)
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
        None
    }

    fn close(&self, observation: &Observation<'_>) {
        let failed = matches!(observation.outcome(), Outcome::Error | Outcome::Panicked);
        if !failed || current::was_reported() {
            return;
        }
        let what = match observation.error_type() {
            Some(error) if !observation.has_response() => {
                format!("failed without a response ({error})")
            }
            Some(error) => format!("failed with {error}"),
            None => "failed".into(),
        };
        let request = current::transaction(observation.method(), observation.route());
        let event = Event {
            level: Level::Error,
            logger: Some("radiosonde".into()),
            message: Some(format!("{request} {what}")),
            ..Event::default()
        };
        self.0.report(event, None);
    }
}
