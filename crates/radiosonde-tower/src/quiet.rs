//! Code of observers, run where a panic must not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `code` of an observer. A panic there costs what it would have returned: in a `drop` during another panic it
/// would abort the process.
pub(crate) fn quietly<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
