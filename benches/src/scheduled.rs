//! What a process was given of processors, where Linux tells.

use std::fs;
use std::ops::Sub;
use std::path::Path;
use std::time::Duration;

/// What a process was given of processors so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheduled {
    /// How long its first thread was at work.
    pub first: Duration,
    /// How long its other threads were.
    pub others: Duration,
    /// How long its first thread waited for a processor.
    pub waited: Duration,
}

impl Scheduled {
    /// Returns what the process of this number was given. All is zero where the system does not tell.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let tasks = format!("/proc/{process}/task");
        let first = process.to_string();
        let mut scheduled = Self::default();
        for task in fs::read_dir(tasks).into_iter().flatten().flatten() {
            let [ran, waited] = read(&task.path().join("schedstat"));
            if task.file_name() == *first {
                scheduled.first = ran;
                scheduled.waited = waited;
            } else {
                scheduled.others += ran;
            }
        }
        scheduled
    }

    /// Returns how long all of its threads were at work.
    #[must_use]
    pub fn worked(self) -> Duration {
        self.first + self.others
    }
}

impl Sub for Scheduled {
    type Output = Self;

    /// Returns what was given since then. What a thread did that has ended since is not known.
    fn sub(self, before: Self) -> Self {
        Self {
            first: self.first.saturating_sub(before.first),
            others: self.others.saturating_sub(before.others),
            waited: self.waited.saturating_sub(before.waited),
        }
    }
}

/// Returns how long the process of this number was at work so far, with threads that have ended, in hundredths of a second, which
/// is what Linux counts in.
#[must_use]
pub fn worked(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may be anything in brackets; its state follows.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let of_all = fields.split_ascii_whitespace().skip(11).take(2);
    let ticks = of_all.map(|ticks| ticks.parse().unwrap_or(0));
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Returns how long this thread has waited for a processor so far, where the system tells.
#[must_use]
pub fn waited() -> Duration {
    read(Path::new("/proc/thread-self/schedstat"))[1]
}

/// Returns how long a hypervisor has given the processors of this machine to others so far, in hundredths of a second, which is
/// what Linux counts in.
#[must_use]
pub fn stolen() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = stat.lines().next().unwrap_or_default();
    let stolen = all.split_ascii_whitespace().nth(8);
    stolen.and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

/// Reads how long a thread was at work, and how long it waited to be.
fn read(schedstat: &Path) -> [Duration; 2] {
    let stat = fs::read_to_string(schedstat).unwrap_or_default();
    let mut fields = stat.split(' ').map(|field| field.parse().unwrap_or(0));
    [(); 2].map(|()| Duration::from_nanos(fields.next().unwrap_or(0)))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_threads_do_is_the_work_of_their_process() {
        let before = Scheduled::of(std::process::id());
        let (mut sum, start) = (0_u64, std::time::Instant::now());
        while start.elapsed() < Duration::from_millis(20) {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        let done = Scheduled::of(std::process::id()) - before;
        assert!(done.worked() > Duration::ZERO && sum > 0, "{done:?}");
        while worked(std::process::id()).is_zero() {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
    }
}
