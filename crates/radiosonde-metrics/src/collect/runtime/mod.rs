//! Tokio runtimes, as they see themselves.
//!
//! A *worker* is a thread that runs tasks; it *parks* when it has none to run. A runtime is *busy* while its workers are
//! not parked. All of it comes from what Tokio promises to keep, so no special build is needed.

mod busy;
mod delay;
mod watch;

pub use watch::watch_current_runtime;
