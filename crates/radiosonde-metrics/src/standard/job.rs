//! Jobs: what runs now and then, on its own.

use std::sync::Arc;
use std::time::SystemTime;

use radiosonde_catalog::{JOB_DURATION, JOB_LAST_SUCCESS, JOB_RUNS};

use super::number::timestamp;
use super::work::{Ends, Work};
use crate::{Gauge, Registry};

/// The runs of one job: how many, with which outcome, how long they took, and when one last succeeded.
///
/// Records [`JOB_RUNS`], [`JOB_DURATION`] and [`JOB_LAST_SUCCESS`]. The outcome is `ok`, `error`, `cancelled` or
/// `panicked`. The label with the name is `job_name`, because Prometheus sets `job` itself.
///
/// The last success reads 0 until there is one in this process, or [`last_succeeded_at`](Self::last_succeeded_at) says
/// what is known of earlier ones.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::Job;
///
/// let registry = Registry::new();
/// let backup = Job::new(&registry, "backup");
/// {
///     let _run = backup.start();
///     // It ends early, without a word.
/// }
/// let run = backup.start();
/// run.succeeded();
///
/// let text = registry.render();
/// assert!(text.contains(r#"job_runs_total{job_name="backup",outcome="cancelled"} 1"#));
/// assert!(text.contains(r#"job_runs_total{job_name="backup",outcome="ok"} 1"#));
/// assert!(!text.contains(r#"job_last_success_timestamp_seconds{job_name="backup"} 0"#));
/// ```
#[derive(Debug, Clone)]
pub struct Job {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ends: Ends,
    last_success: Gauge,
}

impl AsRef<Ends> for Inner {
    fn as_ref(&self) -> &Ends {
        &self.ends
    }
}

impl Job {
    /// Makes the series of the job of this name, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, job: &str) -> Self {
        let inner = Inner {
            ends: Ends::new(registry, &JOB_RUNS, &JOB_DURATION, job),
            last_success: registry.gauge(&JOB_LAST_SUCCESS, &[job]),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Starts one run.
    pub fn start(&self) -> JobRun {
        JobRun(Work::start(&self.inner))
    }

    /// Says when the job last succeeded: in an earlier process, or elsewhere.
    pub fn last_succeeded_at(&self, time: SystemTime) {
        self.inner.last_success.set(timestamp(time));
    }
}

/// A run of a job.
///
/// It owns what it needs, so it may end in another task or thread. Dropped without a word it counts as `cancelled`, or
/// as `panicked` when a panic unwinds through it.
#[derive(Debug)]
#[must_use = "the run counts as cancelled when this is dropped: keep it until the run has ended"]
pub struct JobRun(Work<Inner>);

impl JobRun {
    /// Ends the run: it counts as `ok`, and now is when the job last succeeded.
    pub fn succeeded(self) {
        let last_success = &self.0.instrument().last_success;
        last_success.set(timestamp(SystemTime::now()));
        self.0.succeeded();
    }

    /// Ends the run: it counts as `error`.
    pub fn failed(self) {
        self.0.failed();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn only_a_success_moves_the_last_one() {
        let job = Job::new(&Registry::new(), "backup");
        let last = || job.inner.last_success.value();
        job.start().failed();
        drop(job.start());
        assert_eq!(last().to_bits(), 0);
        job.last_succeeded_at(UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!(last().to_bits(), 1.5_f64.to_bits());
        job.last_succeeded_at(UNIX_EPOCH - Duration::from_secs(2));
        assert_eq!(last().to_bits(), (-2.0_f64).to_bits());
        let before = timestamp(SystemTime::now());
        job.start().succeeded();
        assert!(last() >= before);
    }
}
