//! One report, as it leaves the place where something happened.

use backtrace::Backtrace;
use sentry_core::protocol::Event;

/// What happened, as it is handed to the telemetry thread.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) event: Event<'static>,
    /// Where it happened. The last exception of the event gets it, once its symbols are known.
    pub(crate) backtrace: Option<Backtrace>,
}

/// Cuts a text that somebody else chose to a length that a full queue can hold.
pub(crate) fn bounded(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

/// What Sentry itself cuts a message to.
const MAX_TEXT: usize = 8_192;
