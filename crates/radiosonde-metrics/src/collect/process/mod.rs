//! The process, as the operating system sees it.
//!
//! On Linux this is what `/proc/self` and the cgroup's files say. A cgroup is the group of processes that the kernel limits
//! together: a container, or a unit of systemd. On other systems it is what the crate `metrics-process` says.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
mod reading;
mod watch;

pub use watch::watch_process;
