//! What was reported in a request, so that one failure is one report.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde_json::Value;

use super::event::{Event, Exception};
use super::panic::is_panic;
use super::report::cut;

/// What was reported. A failure is told by its innermost cause: whoever passes an error on wraps it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The last ones.
    failures: VecDeque<(Cow<'static, str>, String)>,
    /// What was logged last without an error, which may have quoted one.
    said: VecDeque<String>,
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
        push(&mut self.failures, failure);
        for word in said(event) {
            push(&mut self.said, word);
        }
        true
    }
}

/// The last panics of the process that were told. Whoever joins a task that has panicked is told the text of the panic, wherever
/// the task belonged.
#[derive(Debug, Default)]
pub(super) struct ToldPanics(VecDeque<String>);

/// What an event says of a panic that another event may say as well.
#[derive(Debug, Clone, Copy)]
pub(super) enum OfPanic<'a> {
    /// It is the panic, with this text.
    Happened(&'a str),
    /// It is what whoever joins the task is told of it.
    Joined(&'a str),
}

impl<'a> OfPanic<'a> {
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        let cause = event.exception.0.first()?;
        if cause.kind == JOINED {
            return Some(Self::Joined(&cause.value));
        }
        is_panic(event).then_some(Self::Happened(&cause.value))
    }
}

impl ToldPanics {
    /// Takes note of a panic, and returns whether what is said of one is new.
    pub(super) fn is_news(&mut self, of_panic: OfPanic<'_>) -> bool {
        match of_panic {
            OfPanic::Happened(text) => {
                // With one more character than is quoted, where there is one.
                push(&mut self.0, cut(text, MAX_SAID + char::MAX_LEN_UTF8));
                true
            }
            OfPanic::Joined(said) => !self.0.iter().any(|text| said.contains(&quoted(text))),
        }
    }
}

/// Keeps what is new, in place of the oldest where there is no room.
fn push<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() == MOST {
        kept.pop_front();
    }
    kept.push_back(new);
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
fn failure(event: &Event) -> (Cow<'static, str>, String) {
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

fn quotes(event: &Event, panic: &str) -> bool {
    let message = event.message.as_deref().unwrap_or_default();
    let mut errors = event.exception.0.iter();
    !is_panic(event) && (message.contains(panic) || errors.any(|error| error.value.contains(panic)))
}

/// What the error of a task calls itself that has panicked: tokio's.
const JOINED: &str = "JoinError::Panic";

/// How many are remembered. What was told before them is told anew when it comes again.
const MOST: usize = 16;

/// How much of a text that was logged is kept.
const MAX_SAID: usize = 1_024;

/// A panic or an error that says less, as `None` or `timeout` do, may be quoted by chance.
const MIN_QUOTE: usize = 8;

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
                kind: (*kind).to_owned().into(),
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
        as_field.extra.insert("error", "too late");
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

    #[test]
    fn a_short_text_is_quoted_by_chance_and_keeps_nothing_quiet() {
        let mut told = Told::default();
        assert!(told.is_news(&logged("", &[("panic", "None")])));
        assert!(told.is_news(&logged("order None was not found", &[])));
        assert!(told.is_news(&logged("", &[("Missing", "None of them is in stock")])));
    }

    #[test]
    fn the_last_failures_are_remembered_however_many_there_were() {
        let mut told = Told::default();
        for number in 0..3 * MOST {
            let failure = logged(&format!("item {number} is gone"), &[]);
            assert!(told.is_news(&failure));
            assert!(!told.is_news(&failure));
        }
        assert!(told.failures.len() == MOST && told.said.len() == MOST);
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
            let mut is_news = |event: &Event| told.is_news(OfPanic::of(event).unwrap());
            assert!(is_news(&joined), "its panic was never told");
            assert!(is_news(&logged("", &[("panic", text)])));
            assert!(!is_news(&joined), "{joined:?}");
        }
        let another = joined("no".into()).await;
        assert!(told.is_news(OfPanic::of(&another).unwrap()));
        assert!(OfPanic::of(&logged("it broke", &[])).is_none());
        for number in 0..MOST {
            let panic = logged("", &[("panic", &number.to_string())]);
            told.is_news(OfPanic::of(&panic).unwrap());
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
