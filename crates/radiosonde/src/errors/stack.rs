//! Where a panic happened.
//!
//! The `backtrace` crate takes one lock of the process both to walk a stack and to look up its symbols, which reads the debug
//! information of the program and takes long. A panic hook that waited for that lock would stop a thread that serves; and
//! when a panic has poisoned it, taking it panics, which in a hook aborts the process. So the hook asks a lock of ours first.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use backtrace::Backtrace;
use sentry_backtrace::backtrace_to_stacktrace;
use sentry_core::protocol::Stacktrace;

/// Walks the stack of this thread, without symbols. `None` while symbols are being looked up, or cannot be.
///
/// Waits for nothing that takes long: two panics at once take turns, and so does a host that uses the crate itself.
pub(crate) fn capture() -> Option<Backtrace> {
    let _walking = LOOKING_UP.try_read().ok()?;
    (!FAILED.load(Relaxed)).then(Backtrace::new_unresolved)
}

/// Looks the symbols of a stack up. Blocks for long the first time.
pub(crate) fn look_up(mut stack: Backtrace) -> Option<Stacktrace> {
    let _looking_up = LOOKING_UP.write().ok()?;
    // Undone when it ends well.
    FAILED.store(true, Relaxed);
    stack.resolve();
    FAILED.store(false, Relaxed);
    backtrace_to_stacktrace(&stack)
}

/// Held for writing while symbols are looked up.
static LOOKING_UP: RwLock<()> = RwLock::new(());

/// Whether looking up symbols has panicked, or does so now.
static FAILED: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_walked_without_waiting_for_symbols() {
        let stack = capture().unwrap();
        let looking_up = LOOKING_UP.write().unwrap();
        let elsewhere = std::thread::spawn(|| capture().is_none());
        assert!(elsewhere.join().unwrap(), "it waited, or walked");
        drop(looking_up);
        let frames = look_up(stack).unwrap().frames;
        assert!(frames.iter().any(|frame| {
            frame
                .function
                .as_deref()
                .is_some_and(|name| name.contains("capture"))
        }));
    }
}
