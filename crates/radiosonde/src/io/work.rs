//! Threads for one piece of work each.

use std::{io, thread};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::thread::become_telemetry_thread;

/// Begins some work on a thread of its own, which ends with it. What is returned completes with what comes of it, or with an
/// error when it panics. Within the runtime of the telemetry thread, as the caller is.
///
/// Tokio's own pool panics when the system has no thread to give, keeps the work for later all the same, and makes the end of a
/// runtime wait for what hangs.
///
/// # Errors
///
/// Returns the error of the operating system when there can be no thread. The work is gone, then.
pub(crate) fn begin<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (done, outcome) = oneshot::channel();
    let runtime = Handle::current();
    let work = move || {
        become_telemetry_thread();
        let _inside = runtime.enter();
        // Nobody may be waiting any more.
        let _ = done.send(work());
    };
    let thread = thread::Builder::new().name("radiosonde-work".into());
    thread.spawn(work).map(|_| outcome)
}
