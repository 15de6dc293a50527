//! Code of observers, and of those who set a layer up, run where a panic must not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `code` of an observer. A panic there costs what it would have returned: in a `drop` during another panic it
/// would abort the process.
pub(crate) fn quietly<T>(code: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(done) => Some(done),
        Err(payload) => {
            // It is the observer's, too, and may panic when it is dropped; what comes of that is left alone.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(again);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_panic_costs_what_would_have_been_returned_and_leaves_nothing_behind() {
        let kept = Arc::new(());
        let payload = kept.clone();
        assert_eq!(quietly(|| panic_any(payload)), None::<()>);
        assert_eq!(Arc::strong_count(&kept), 1);
        assert_eq!(quietly(|| 7), Some(7));
    }

    #[test]
    fn a_panic_whose_payload_panics_when_it_is_dropped_does_not_pass() {
        struct Mine;
        impl Drop for Mine {
            fn drop(&mut self) {
                panic!("once more");
            }
        }
        assert_eq!(quietly(|| panic_any(Mine)), None::<()>);
    }
}
