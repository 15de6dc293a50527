//! What was reported in a request, so that one failure is one report.

use super::event::Event;

/// What was reported. A failure is told by its innermost cause: whoever passes an error on wraps it.
#[derive(Debug, Default)]
pub(super) struct Told {
    failures: Vec<(String, String)>,
    /// The text of the last panic, which whoever catches it may log.
    panic: Option<String>,
}

impl Told {
    pub(super) fn anything(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Takes note of an event, and returns whether it says something new.
    pub(super) fn is_news(&mut self, event: &Event) -> bool {
        let failure = failure(event);
        if self.failures.contains(&failure)
            || self
                .panic
                .as_ref()
                .is_some_and(|panic| quotes(event, panic))
        {
            return false;
        }
        if failure.0 == "panic" {
            self.panic = Some(failure.1.clone()).filter(|text| text.len() >= MIN_QUOTE);
        }
        if self.failures.len() < MOST {
            self.failures.push(failure);
        }
        true
    }
}

/// Names the failure that an event is about: its innermost cause, else what was logged and where.
fn failure(event: &Event) -> (String, String) {
    match event.exception.0.first() {
        Some(cause) => (cause.kind.clone(), cause.value.clone()),
        None => (
            event.logger.clone().unwrap_or_default(),
            event.message.clone().unwrap_or_default(),
        ),
    }
}

fn quotes(event: &Event, panic: &str) -> bool {
    let is_panic = event
        .exception
        .0
        .iter()
        .any(|exception| exception.kind == "panic");
    let message = event.message.as_deref().unwrap_or_default();
    let mut errors = event.exception.0.iter();
    !is_panic && (message.contains(panic) || errors.any(|error| error.value.contains(panic)))
}

/// A request in which more goes wrong is told anew each time.
const MOST: usize = 16;

/// A panic that says less may be quoted by chance.
const MIN_QUOTE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Level;
    use crate::errors::event::Exception;

    fn logged(message: &str, errors: &[(&str, &str)]) -> Event {
        let mut event = Event::new(Level::Error);
        event.message = Some(message.into());
        event.exception.0 = errors
            .iter()
            .map(|(kind, value)| Exception {
                kind: (*kind).into(),
                value: (*value).into(),
                mechanism: None,
                stacktrace: None,
            })
            .collect();
        event
    }

    #[test]
    fn an_error_that_is_passed_on_is_one_failure() {
        let mut told = Told::default();
        let cause = ("Refused", "connection refused");
        assert!(!told.anything());
        assert!(told.is_news(&logged("no database", &[cause])));
        assert!(!told.is_news(&logged("no order", &[cause, ("NotStored", "not stored")])));
        assert!(told.is_news(&logged("no order", &[("Timeout", "too late")])));
        assert!(told.anything());
    }

    #[test]
    fn a_message_is_news_once() {
        let mut told = Told::default();
        assert!(told.is_news(&logged("it broke", &[])));
        assert!(!told.is_news(&logged("it broke", &[])));
        assert!(told.is_news(&logged("it broke again", &[])));
    }

    #[test]
    fn whoever_catches_a_panic_says_nothing_new() {
        let mut told = Told::default();
        assert!(told.is_news(&logged("", &[("panic", "index out of bounds")])));
        assert!(!told.is_news(&logged("Service panicked: index out of bounds", &[])));
        assert!(!told.is_news(&logged(
            "",
            &[("JoinError", "task 7 panicked: index out of bounds")]
        )));
        assert!(told.is_news(&logged("", &[("panic", "another")])));
    }
}
