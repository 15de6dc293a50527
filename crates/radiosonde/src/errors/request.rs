//! Requests that failed.

use radiosonde_tower::{Arrival, CurrentRequest, Observation, Observer, Outcome, Scope};

use super::current;
use super::event::{Event, Response};
use super::reporter::Stack;
use super::{Level, Reporter};

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
        let mut event = Event::new(Level::Error);
        event.logger = Some("radiosonde".into());
        event.message = Some(format!("{request} {what}"));
        event.contexts.response = observation.has_response().then(|| Response {
            status_code: observation.status(),
        });
        self.0.report(event, Stack::Left);
    }
}
