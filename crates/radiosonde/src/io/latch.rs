//! A door that opens once, awaited by threads.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Closed until its [`OpenOnDrop`] is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latch(Arc<(Mutex<bool>, Condvar)>);

/// Opens a [`Latch`], however it goes: at the end of a task, or when a panic unwinds it, or with its runtime.
#[derive(Debug)]
pub(crate) struct OpenOnDrop(Latch);

impl Latch {
    pub(crate) fn open_on_drop(&self) -> OpenOnDrop {
        OpenOnDrop(self.clone())
    }

    /// Blocks until the door is open, and returns true, or until the deadline, and returns false.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        let (open, opened) = &*self.0;
        let open = open.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = opened.wait_timeout_while(open, left, |open| !*open);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        let (open, opened) = &*self.0.0;
        *open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        opened.notify_all();
    }
}
