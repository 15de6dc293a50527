//! Why a collector did not take a message.

use std::time::Duration;

use crate::io::http_client::HttpError;

/// A message was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Why, in words for the log. Those of the collector are not among them: it may repeat a token.
    pub(super) reason: String,
    /// Whether the same message may be taken in a moment.
    pub(super) transient: bool,
    /// How long the collector wants to be left alone. What it refuses for good says nothing about what comes next.
    pub(super) asks_for: Option<Duration>,
}

impl Refusal {
    /// What took the message with success, and is no collector.
    pub(super) fn of_a_stranger() -> Self {
        Self {
            reason: super::NOT_OTLP.into(),
            transient: false,
            asks_for: None,
        }
    }
}

impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        Self {
            transient: error.is_transient(),
            reason: error.to_string(),
            asks_for: None,
        }
    }
}
