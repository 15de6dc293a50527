//! What is done to a report before it is sent.

use std::fmt;

use super::event::{Event, Stacktrace};
use super::{ErrorReport, scrubbing};
use crate::config::{BeforeSend, SentrySettings};

/// Completes reports.
pub(super) struct Preparation {
    personal_data: bool,
    before_send: Option<BeforeSend>,
}

impl Preparation {
    pub(super) fn new(settings: &SentrySettings) -> Self {
        Self {
            personal_data: settings.options.personal_data,
            before_send: settings.options.before_send.clone(),
        }
    }

    /// Tells whether the service has its say, which may take long.
    pub(super) fn asks_the_service(&self) -> bool {
        self.before_send.is_some()
    }

    /// Completes a report, with its stack if that was found, or returns `None` when the service keeps it back.
    pub(super) fn prepare(
        &self,
        mut report: ErrorReport,
        stacktrace: Option<Stacktrace>,
    ) -> Option<Event> {
        let event = &mut *report.event;
        if let Some(place) = event.panicked_at.take() {
            let place = place.to_string();
            if stacktrace.is_none() {
                // Sentry would go by the texts of panics, which may differ each time.
                event.fingerprint = vec!["panic".into(), place.clone()];
            }
            event.extra.insert("location", place);
        }
        if let Some(exception) = event.exception.0.last_mut() {
            exception.stacktrace = stacktrace;
        }
        scrubbing::scrub(event, self.personal_data);
        let report = match &self.before_send {
            Some(before_send) => before_send(report)?,
            None => report,
        };
        Some(*report.event)
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preparation").finish_non_exhaustive()
    }
}
