//! Collectors: what others know, brought into the registry before each reading.
//!
//! The operating system counts a process's memory and processor time anyway, and a runtime its tasks. Nothing here runs
//! between readings to copy that, but for one task that looks at the clock once a second: the one that measures the
//! scheduling delay of a runtime.
//!
//! A value that cannot be read is left out from the start, or stays as it was last read.

#[cfg(any(feature = "runtime", feature = "process"))]
mod collected;
mod info;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "runtime")]
mod runtime;

pub use info::{build_info, info};
#[cfg(feature = "process")]
pub use process::watch_process;
#[cfg(feature = "runtime")]
pub use runtime::watch_current_runtime;
