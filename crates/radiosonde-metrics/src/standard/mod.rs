//! Standard instruments: what services always have, under names that alerts and dashboards know.
//!
//! Each is made once, with a name that tells it apart from others of its kind, and kept: it holds its series, so recording
//! takes no lock and allocates nothing, as [`Counter`](crate::Counter) says. Clones record into the same series, and so do
//! two that are made with the same name.
//!
//! A *name* is the value of a label: of a queue, a cache, a pool. It comes from code or configuration, never from data, so
//! that there are few. An *outcome* is how something ended, one of a closed set that each instrument lists. All series are
//! there from the start, at 0, so that the first error is not lost: Prometheus sees an increase only between two values.
//!
//! What begins and ends has a guard. It counts exactly once: as what it was told, else, when it is dropped, as `cancelled`,
//! or as `panicked` when a panic unwinds through it. It borrows nothing: it may go through a channel, and end in another
//! task.
//!
//! ```
//! use std::thread;
//!
//! use radiosonde_metrics::Registry;
//! use radiosonde_metrics::standard::Job;
//!
//! let registry = Registry::new();
//! let run = Job::new(&registry, "backup").start();
//! thread::spawn(move || run.succeeded()).join().unwrap();
//! assert!(registry.render().contains(r#"job_runs_total{job_name="backup",outcome="ok"} 1"#));
//! ```

mod authentication;
mod cache;
mod certificate;
mod connection_pool;
mod job;
mod messages;
mod number;
mod queue;

mod work;

pub use authentication::Authentication;
pub use cache::Cache;
pub use certificate::Certificate;
pub use connection_pool::{Acquisition, ConnectionPool};
pub use job::{Job, JobRun};
pub use messages::{MessageProcessing, Messages};
pub use queue::Queue;
