//! Whether the code of a request is running.

use std::mem;

/// A mark that is set while the code of one request runs.
///
/// A panic leaves it set: that is how the end of a request tells a panic of its own from one of its neighbours'.
#[derive(Debug, Default)]
pub(crate) struct Inside(bool);

impl Inside {
    /// Runs code of the request. What is running or unwinding around it still is afterwards.
    #[inline]
    pub(crate) fn during<T>(&mut self, code: impl FnOnce() -> T) -> T {
        let outer = mem::replace(&mut self.0, true);
        let done = code();
        self.0 = outer;
        done
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.0
    }
}
