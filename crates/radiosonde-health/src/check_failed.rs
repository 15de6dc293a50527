//! Why a check failed, in words for the log.

use std::error::Error;
use std::fmt::{self, Display};

/// What a check returns when its dependency does not do its work.
///
/// The text goes to the log and to [`CheckReport::error`](crate::CheckReport::error), never to a public endpoint. User
/// name and password of a URL in it are masked, and it is cut after 1024 bytes.
///
/// Any error becomes one through `?`, with the text of its sources behind its own. For that to be possible this type is
/// no [`Error`] itself.
///
/// # Examples
///
/// ```
/// use radiosonde_health::CheckFailed;
///
/// async fn check() -> Result<(), CheckFailed> {
///     let connections: u32 = "many".parse()?;
///     if connections > 0 { Ok(()) } else { Err(CheckFailed::new("no connection left")) }
/// }
///
/// let failed = CheckFailed::new("no route to redis://admin:secret@cache:6379/0");
/// assert_eq!(failed.to_string(), "no route to redis://***@cache:6379/0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFailed {
    text: String,
}

impl CheckFailed {
    /// Makes a failure out of anything that can be displayed.
    #[must_use]
    pub fn new(text: impl Display) -> Self {
        Self {
            text: presentable(&text.to_string()),
        }
    }

    /// Says that a check panicked. With what may be anything, secrets too, and went to the panic hook already.
    pub(crate) fn panicked() -> Self {
        Self::new("the check panicked")
    }
}

impl Display for CheckFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: Error> From<E> for CheckFailed {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source
            && text.len() < MAX_BYTES
        {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self::new(text)
    }
}

/// Masks what a log should not hold, and cuts the text to a length that it can hold.
pub(crate) fn presentable(text: &str) -> String {
    // In this order: a password that was cut in two is no longer recognised.
    let mut text = mask_userinfo(text);
    text.truncate(text.floor_char_boundary(MAX_BYTES));
    text
}

/// Replaces what stands between `://` and the last `@` of the same word.
///
/// The last, because passwords are often pasted into URLs as they are, with an `@` or a `/` in them.
fn mask_userinfo(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (head, tail) = rest.split_at(start + "://".len());
        masked.push_str(head);
        let word = tail.split(ends_word).next().unwrap_or_default();
        rest = if let Some(end) = word.rfind('@') {
            masked.push_str("***");
            &tail[end..]
        } else {
            // Whatever else of its kind stands in it.
            masked.push_str(word);
            &tail[word.len()..]
        };
    }
    masked.push_str(rest);
    masked
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// One failure is kept per check.
const MAX_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_nothing_but_beginnings_is_read_once() {
        // Each of them, read to the end of the text, would take minutes.
        let text = "://".repeat(1 << 20);
        assert_eq!(mask_userinfo(&text), text);
    }

    #[test]
    fn userinfo_is_masked_in_every_url_of_a_text() {
        for (text, masked) in [
            ("connection refused", "connection refused"),
            ("http://cache:6379/0", "http://cache:6379/0"),
            (
                "`amqp://u:p@mq/` and http://b/",
                "`amqp://***@mq/` and http://b/",
            ),
            (
                "at a://u:p@b, then c://u:p@d",
                "at a://***@b, then c://***@d",
            ),
            (
                "postgres://u:p@ss/w@db:5432/x?y",
                "postgres://***@db:5432/x?y",
            ),
            ("://", "://"),
            ("a://b://c, d://u:p@e", "a://b://c, d://***@e"),
            ("a://b://u:p@c", "a://***@c"),
        ] {
            assert_eq!(CheckFailed::new(text).to_string(), masked);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters_after_masking() {
        let failed = CheckFailed::new(format!(
            "a://{}@host {}",
            "p".repeat(2_000),
            "é".repeat(2_000)
        ));
        assert!(failed.text.starts_with("a://***@host é"), "{failed}");
        assert!((MAX_BYTES - 1..=MAX_BYTES).contains(&failed.text.len()));
    }

    #[test]
    fn an_error_brings_the_text_of_its_sources() {
        #[derive(Debug, thiserror::Error)]
        #[error("no answer")]
        struct NoAnswer(#[source] std::num::ParseIntError);

        let error = NoAnswer("x".parse::<u8>().unwrap_err());
        assert_eq!(
            CheckFailed::from(error).to_string(),
            "no answer: invalid digit found in string"
        );
    }
}
