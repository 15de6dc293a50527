//! One report, from where something happened to where it is sent.

use std::fmt::{self, Write as _};

use super::event::Event;
use super::stack::Stack;
use super::{Level, User};

/// An event that is about to be sent, for [`ErrorOptions::before_send`](super::ErrorOptions::before_send).
///
/// Its secrets have been replaced; what is set here is sent as it is.
#[derive(Clone)]
pub struct ErrorReport {
    pub(super) event: Box<Event>,
    /// Where it happened. The last exception of the event gets it, once its symbols are known.
    pub(super) stack: Option<Stack>,
    /// About how many bytes it takes, at most, while it waits.
    pub(super) weight: usize,
}

impl ErrorReport {
    pub(super) fn new(event: Event, stack: Option<Stack>, weight: usize) -> Self {
        Self {
            event: Box::new(event),
            stack,
            weight,
        }
    }

    /// Takes the stack, if there is one.
    pub(super) fn take_stack(&mut self) -> Option<Stack> {
        self.stack.take()
    }

    /// Returns how bad it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.event.level
    }

    /// Sets how bad it is.
    pub fn set_level(&mut self, level: Level) {
        self.event.level = level;
    }

    /// Returns the message of a logged event, or what is said of a request that failed.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.event.message.as_deref()
    }

    /// Replaces the message.
    pub fn set_message(&mut self, message: impl Into<String>) {
        self.event.message = Some(message.into());
    }

    /// Yields the errors, each with its type and its message: the outermost first, and then its causes. A panic has the
    /// type `panic`.
    pub fn errors(&self) -> impl Iterator<Item = (&str, &str)> {
        let errors = self.event.exception.0.iter().rev();
        errors.map(|error| (&*error.kind, error.value.as_str()))
    }

    /// Returns the target of the logged event.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.event.logger.as_deref()
    }

    /// Returns the method and the route of the request, such as `GET /orders/{id}`.
    #[must_use]
    pub fn transaction(&self) -> Option<&str> {
        self.event.transaction.as_deref()
    }

    /// Returns the value of a tag.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.event.tags.get(name).map(String::as_str)
    }

    /// Sets a tag. Sentry cuts a value at 200 characters.
    pub fn set_tag(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.event.tags.insert(name.into(), value.into());
    }

    /// Sets who the request was for, or that nobody is to know.
    pub fn set_user(&mut self, user: Option<User>) {
        self.event.user = user.map(|user| user.0);
    }

    /// Sets by what Sentry groups events into issues: those of which all parts are the same belong together. The part
    /// `{{ default }}` stands for what Sentry would have grouped by.
    pub fn set_fingerprint<P: Into<String>>(&mut self, parts: impl IntoIterator<Item = P>) {
        self.event.fingerprint = parts.into_iter().map(Into::into).collect();
    }
}

impl fmt::Debug for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorReport")
            .field("level", &self.event.level)
            .field("message", &self.event.message)
            .field("errors", &self.errors().collect::<Vec<_>>())
            .field("transaction", &self.event.transaction)
            .finish_non_exhaustive()
    }
}

/// Cuts a text that somebody else chose to a length that a full queue can hold.
pub(super) fn bounded(text: &str) -> String {
    cut(text, MAX_TEXT)
}

/// Formats a value as [`text::shown`](crate::text::shown) does, and keeps so many bytes of it, at most.
pub(super) fn shown(value: impl fmt::Display, most: usize) -> String {
    /// Takes no more once it is full, so that whoever formats stops as well.
    struct Bounded {
        text: String,
        room: usize,
    }

    impl fmt::Write for Bounded {
        fn write_str(&mut self, more: &str) -> fmt::Result {
            let fits = &more[..more.floor_char_boundary(self.room)];
            self.text.push_str(fits);
            if fits.len() < more.len() {
                self.room = 0;
                return Err(fmt::Error);
            }
            self.room -= fits.len();
            Ok(())
        }
    }

    let mut bounded = Bounded {
        text: String::new(),
        room: most,
    };
    let _ = write!(bounded, "{value}");
    bounded.text
}

/// Cuts a text to so many bytes, at most.
pub(super) fn cut(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}

/// What Sentry itself cuts a message to.
pub(super) const MAX_TEXT: usize = 8_192;

/// How long the text of a field may be, or of a breadcrumb.
pub(super) const MAX_FIELD: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_value_is_kept_what_there_is_room_for() {
        assert_eq!(shown(12_345, 10), "12345");
        assert_eq!(shown(format_args!("{}-{}", "ab", "cd"), 5), "ab-cd");
        // What came after a character that did not fit would stand in its place.
        assert_eq!(shown(format_args!("a{}{}", "ä", "b"), 2), "a");
    }

    #[test]
    fn formatting_ends_where_there_is_no_more_room() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("again ")?;
                }
            }
        }
        assert_eq!(shown(Endless, 8), "again ag");
    }
}
