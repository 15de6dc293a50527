//! Errors and values as text, without a panic.

use std::error::Error;
use std::fmt::Write as _;

/// Yields an error, its cause, the cause of that, and so on; a chain that is longer than any honest one is cut.
pub(crate) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source()).take(MAX_CAUSES)
}

/// Writes an error and its causes in one line: the outermost alone often says only that something failed.
pub(crate) fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for error in chain(error) {
        let separator = if line.is_empty() { "" } else { ": " };
        // Writing to a `String` cannot fail; a `Display` that says otherwise is cut short.
        let _ = write!(line, "{separator}{error}");
    }
    line
}

/// Formats a value as `to_string` does, but takes what there is when the value says that it cannot be formatted, where
/// `to_string` panics.
pub(crate) fn shown(value: impl std::fmt::Display) -> String {
    let mut text = String::new();
    let _ = write!(text, "{value}");
    text
}

/// Tells whether a field of an event was added by the bridge from the `log` crate, and is shown elsewhere.
pub(crate) fn is_of_the_bridge(field: &str) -> bool {
    matches!(
        field,
        "log.target" | "log.module_path" | "log.file" | "log.line"
    )
}

/// A chain of causes that is longer than this is likely a circle.
const MAX_CAUSES: usize = 16;
