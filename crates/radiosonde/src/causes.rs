//! An error and what caused it.

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

/// A chain of causes that is longer than this is likely a circle.
const MAX_CAUSES: usize = 16;
