//! Requests that failed.

use std::sync::Arc;

use radiosonde_tower::{Arrival, Entered, Observation, Observer, Outcome, Scope};
use sentry_core::protocol::{Event, Level};

use super::Reporter;
use super::current::CurrentRequest;

/// Reports requests that failed, unless what made them fail was reported.
#[derive(Debug)]
pub(crate) struct RequestReports(Reporter);

#[derive(Debug)]
struct RequestScope {
    request: Arc<CurrentRequest>,
    reporter: Reporter,
}

impl RequestReports {
    pub(crate) fn new(reporter: Reporter) -> Self {
        Self(reporter)
    }
}

impl Observer for RequestReports {
    fn arrive(&self, request: &Arrival<'_>) -> Option<Box<dyn Scope>> {
        Some(Box::new(RequestScope {
            request: Arc::new(CurrentRequest::of(request)),
            reporter: self.0.clone(),
        }))
    }
}

impl Scope for RequestScope {
    fn enter(&self) -> Entered {
        CurrentRequest::enter(&self.request)
    }

    fn close(self: Box<Self>, observation: &Observation<'_>) {
        let failed = matches!(observation.outcome(), Outcome::Error | Outcome::Panicked);
        if !failed || self.request.was_reported() {
            return;
        }
        let what = match observation.error_type() {
            Some(error) if !observation.has_response() => {
                format!("failed without a response ({error})")
            }
            Some(error) => format!("failed with {error}"),
            None => "failed".into(),
        };
        let event = Event {
            level: Level::Error,
            logger: Some("radiosonde".into()),
            message: Some(format!("{} {what}", self.request.transaction())),
            ..Event::default()
        };
        let _entered = self.enter();
        self.reporter.report(event, None);
    }
}
