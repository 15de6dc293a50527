//! Errors, as reports have them.

use std::borrow::Cow;
use std::error::Error;

use super::event::{Event, Exception, Mechanism};
use super::report::{cut, shown};
use super::reporter::Origin;
use super::{Level, Reporter};
use crate::text;

impl Reporter {
    /// Reports an error and its causes, from where the service has dealt with it.
    pub(crate) fn report_error(&self, error: &(dyn Error + 'static)) {
        let mut event = Event::new(Level::Error);
        event.exception.0 = chain(error);
        if let Some(outermost) = event.exception.0.last_mut() {
            outermost.mechanism = Some(Mechanism {
                kind: "generic",
                handled: true,
            });
        }
        self.report(event, Origin::Here);
    }
}

/// Describes an error and its causes, the innermost cause first, as Sentry orders them.
///
/// Neither a `Display` nor a `Debug` that fails costs more than its text.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<Exception> {
    let mut chain: Vec<_> = text::chain(error).map(exception).collect();
    chain.reverse();
    // What passes an error on in a box of its own, as the bodies of axum do, says nothing by that.
    chain.dedup_by(|around, cause| around.kind == NO_TYPE && around.value == cause.value);
    chain
}

fn exception(error: &(dyn Error + 'static)) -> Exception {
    let value = shown(error, MAX_VALUE);
    let debug = shown(format_args!("{error:?}"), MAX_VALUE);
    Exception {
        kind: type_in(&debug, &value),
        value,
        mechanism: None,
        stacktrace: None,
    }
}

/// Finds the type of an error at the beginning of its `Debug` form, where a derive writes it.
fn type_in(debug: &str, display: &str) -> Cow<'static, str> {
    let end = debug.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | ':'));
    let kind = &debug[..end.unwrap_or(debug.len())];
    // An error that is a text begins with a quote, or as its message does.
    let is_type = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && (debug.len() == kind.len() || debug != display);
    if is_type {
        cut(kind, MAX_KIND).into()
    } else {
        NO_TYPE.into()
    }
}

/// What an error is called whose type is not known.
const NO_TYPE: &str = "Error";

const MAX_KIND: usize = 256;

/// There may be sixteen of them.
const MAX_VALUE: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the order could not be stored")]
    struct NotStored {
        source: std::num::ParseIntError,
    }

    #[test]
    fn causes_come_first_and_have_their_types() {
        let source = "x".parse::<u8>().unwrap_err();
        let chain = chain(&NotStored { source });
        let found: Vec<_> = chain
            .iter()
            .map(|exception| (&*exception.kind, exception.value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("ParseIntError", "invalid digit found in string"),
                ("NotStored", "the order could not be stored")
            ]
        );
    }

    #[test]
    fn a_box_around_an_error_is_none_of_its_causes() {
        let parsed = "x".parse::<u8>().unwrap_err();
        let kinds = |error: &(dyn Error + 'static)| -> Vec<_> {
            chain(error).into_iter().map(|error| error.kind).collect()
        };
        let boxed = axum::Error::new(axum::Error::new(parsed.clone()));
        assert_eq!(kinds(&boxed), ["ParseIntError"]);
        let boxed = axum::Error::new(NotStored { source: parsed });
        assert_eq!(kinds(&boxed), ["ParseIntError", "NotStored"]);
    }

    #[test]
    fn an_error_that_is_a_text_has_no_type() {
        for (debug, display, expected) in [
            ("\"it broke\"", "it broke", "Error"),
            ("Connection refused", "Connection refused", "Error"),
            ("Timeout", "Timeout", "Timeout"),
            ("Custom { kind: Other }", "it broke", "Custom"),
            ("sqlx::Error(1)", "it broke", "Error"),
            ("", "", "Error"),
        ] {
            assert_eq!(type_in(debug, display), expected, "{debug}");
        }
    }
}
