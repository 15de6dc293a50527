//! Code of observers, run where a panic must not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `code` of an observer. A panic there costs what it would have returned: in a `drop` during another panic it
/// would abort the process.
pub(crate) fn quietly<T>(code: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(done) => Some(done),
        // It is the observer's, too, and may panic when it is dropped.
        Err(payload) => {
            std::mem::forget(payload);
            None
        }
    }
}
