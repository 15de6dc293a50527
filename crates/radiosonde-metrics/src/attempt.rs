//! Attempts: calls of what may panic by design, because there is no asking beforehand.
//!
//! A runtime without its time driver is noticed only by the panic of who makes a timer. That panic is an answer and no failure,
//! so a hook that counts and reports panics asks [`is_running`] and leaves it out.

use std::cell::Cell;
use std::panic::{UnwindSafe, catch_unwind};

/// Calls `attempt`, and returns `None` when it panics.
pub fn attempt<T>(attempt: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    /// Ends the attempt, also by its panic.
    struct Running(bool);

    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.set(self.0);
        }
    }

    let _running = Running(RUNNING.replace(true));
    catch_unwind(attempt).ok()
}

/// Tells whether this thread is within an attempt.
#[must_use]
pub fn is_running() -> bool {
    // A hook may run on a thread that is past its end.
    RUNNING.try_with(Cell::get).unwrap_or(false)
}

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_running_until_it_returns_or_panics() {
        assert_eq!(attempt(is_running), Some(true));
        assert!(!is_running());
        assert_eq!(attempt(|| -> () { panic!("as expected") }), None);
        assert!(!is_running());
    }
}
