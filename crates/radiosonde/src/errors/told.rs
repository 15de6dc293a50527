//! What was reported in a request, so that one failure is one report.

use std::collections::VecDeque;

use serde_json::Value;

use super::event::{Event, Exception};
use super::report::cut;

/// What was reported. A failure is told by its innermost cause: whoever passes an error on wraps it.
#[derive(Debug, Default)]
pub(super) struct Told {
    failures: Vec<(String, String)>,
    /// What was logged without an error, which may have quoted one.
    said: Vec<String>,
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
        let quotes_panic = |panic: &String| quotes(event, panic);
        if self.failures.contains(&failure)
            || self.panic.as_ref().is_some_and(quotes_panic)
            || self.said.iter().any(|said| is_quoted(event, said))
        {
            return false;
        }
        if failure.0 == "panic" {
            self.panic = Some(failure.1.clone()).filter(|text| text.len() >= MIN_QUOTE);
        }
        if self.failures.len() < MOST {
            self.failures.push(failure);
            self.said.extend(said(event));
        }
        true
    }
}

/// The last panics of the process that were told. Whoever joins a task that has panicked is told the text of the panic, wherever
/// the task belonged.
#[derive(Debug, Default)]
pub(super) struct ToldPanics(VecDeque<String>);

impl ToldPanics {
    /// Takes note of an event, and returns whether it says something new.
    pub(super) fn is_news(&mut self, event: &Event) -> bool {
        let Some(cause) = event.exception.0.first() else {
            return true;
        };
        if cause.kind == JOINED {
            return !self.0.iter().any(|quoted| cause.value.contains(quoted));
        }
        if is_panic(event) {
            if self.0.len() == MOST {
                self.0.pop_front();
            }
            self.0.push_back(quoted(&cause.value));
        }
        true
    }
}

/// Spells the beginning of a text as the error of a task that has panicked quotes it.
fn quoted(text: &str) -> String {
    let mut quoted = format!("{:?}", cut(text, MAX_SAID));
    if text.len() > MAX_SAID {
        quoted.pop();
    }
    quoted
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

/// Returns the words of an event that names no error: message and fields.
fn said(event: &Event) -> impl Iterator<Item = String> {
    let names_none = event.exception.0.is_empty();
    let fields = event.extra.values().filter_map(Value::as_str);
    let words = event.message.as_deref().into_iter().chain(fields);
    words
        .filter(move |_| names_none)
        .map(|word| cut_front(word).to_owned())
}

/// Returns the end of a text, where an error is quoted.
fn cut_front(text: &str) -> &str {
    let begin = text.len().saturating_sub(MAX_SAID);
    &text[text.ceil_char_boundary(begin)..]
}

/// Tells whether an event is about an error that was logged as a text: one that ends with the error, or quotes what caused it.
fn is_quoted(event: &Event, said: &str) -> bool {
    let errors = &event.exception.0;
    let is_long = |error: &&Exception| error.value.len() >= MIN_QUOTE;
    let quotes_cause = errors
        .first()
        .filter(is_long)
        .is_some_and(|cause| said.contains(&cause.value));
    let ends_with = |error: &Exception| said.ends_with(&error.value);
    !is_panic(event) && (quotes_cause || errors.iter().filter(is_long).any(ends_with))
}

fn is_panic(event: &Event) -> bool {
    let mut errors = event.exception.0.iter();
    errors.any(|error| error.kind == "panic")
}

fn quotes(event: &Event, panic: &str) -> bool {
    let message = event.message.as_deref().unwrap_or_default();
    let mut errors = event.exception.0.iter();
    !is_panic(event) && (message.contains(panic) || errors.any(|error| error.value.contains(panic)))
}

/// What the error of a task calls itself that has panicked: tokio's.
const JOINED: &str = "JoinError::Panic";

/// A request in which more goes wrong is told anew each time.
const MOST: usize = 16;

/// How much of a text that was logged is kept.
const MAX_SAID: usize = 1_024;

/// A panic or an error that says less may be quoted by chance.
const MIN_QUOTE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Level;

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
    fn an_error_that_was_logged_as_a_text_is_no_news() {
        let mut told = Told::default();
        let mut as_field = logged("no order", &[]);
        as_field.extra.insert("error".into(), "too late".into());
        assert!(told.is_news(&as_field));
        assert!(told.is_news(&logged("no stock: connection refused", &[])));
        for known in ["too late", "connection refused"] {
            let wrapped = [("Io", "os error 111"), ("Refused", known)];
            assert!(!told.is_news(&logged("failed with 500", &wrapped)));
        }
        assert!(told.is_news(&logged("failed with 500", &[("Full", "no room")])));
    }

    #[test]
    fn a_text_that_quotes_the_outside_of_another_error_is_another_failure() {
        let mut told = Told::default();
        assert!(told.is_news(&logged("payment failed: card declined", &[])));
        let other = [("Io", "connection refused"), ("Payment", "payment failed")];
        assert!(told.is_news(&logged("failed with 500", &other)));
        assert!(told.is_news(&logged("order not found", &[])));
        assert!(told.is_news(&logged("", &[("panic", "not found")])));
    }

    #[test]
    fn of_a_long_text_the_end_is_kept() {
        let mut told = Told::default();
        let long = format!("{}: too late", "ä".repeat(5_000));
        assert!(told.is_news(&logged(&long, &[])));
        assert!(!told.is_news(&logged("", &[("Timeout", "too late")])));
        assert!(told.said[0].len() <= MAX_SAID);
    }

    #[tokio::test]
    async fn a_task_that_is_joined_says_nothing_new_of_its_panic() {
        async fn joined(text: String) -> Event {
            let error = tokio::spawn(async { std::panic::resume_unwind(Box::new(text)) });
            let error = error.await.unwrap_err();
            let mut event = logged("the task is gone", &[]);
            event.exception.0 = crate::errors::exception::chain(&error);
            event
        }
        let mut told = ToldPanics::default();
        for text in ["no \"order\"", &"x".repeat(5_000)] {
            let joined = joined(text.to_owned()).await;
            assert!(told.is_news(&joined), "its panic was never told");
            assert!(told.is_news(&logged("", &[("panic", text)])));
            assert!(!told.is_news(&joined), "{joined:?}");
        }
        assert!(told.is_news(&joined("no".into()).await));
        assert!(told.is_news(&logged("it broke", &[])));
        for number in 0..MOST {
            told.is_news(&logged("", &[("panic", &number.to_string())]));
        }
        assert_eq!(told.0.len(), MOST);
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
