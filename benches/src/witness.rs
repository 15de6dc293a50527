//! Whether the processors are there when they are wanted.

use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A thread for each processor that comes before all others there, and notices when it does not: a hypervisor has given the processor to
/// another machine, which says nothing of what is measured. Ends when it is dropped.
#[derive(Debug)]
pub struct Witness {
    seen: Arc<Seen>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    ends: AtomicBool,
    stalls: Mutex<Vec<Range<Instant>>>,
}

impl Witness {
    /// Looks after these processors. Where Linux does not allow a thread to come before all others it comes as it does, and takes for
    /// a stall what is none.
    #[must_use]
    pub fn of(processors: &'static [&'static str]) -> Self {
        let seen = Arc::new(Seen::default());
        let look_after = |processor| {
            let seen = seen.clone();
            thread::spawn(move || seen.look_after(processor))
        };
        let threads = processors.iter().copied().map(look_after).collect();
        Self { seen, threads }
    }

    /// Returns when a processor was not there since this was asked last, each time with a moment afterwards, in which what had come
    /// meanwhile is begun with.
    #[must_use]
    pub fn stalls(&self) -> Vec<Range<Instant>> {
        std::mem::take(&mut *self.seen.stalls())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.seen.ends.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            // One that panicked has seen what it has seen.
            let _ = thread.join();
        }
    }
}

impl Seen {
    fn look_after(&self, processor: &str) {
        if let Ok(link) = std::fs::read_link("/proc/thread-self") {
            let thread = link.file_name().unwrap_or_default().to_string_lossy();
            run("taskset", &["-c", "-p", processor, &thread]);
            run("chrt", &["-f", "-p", "1", &thread]);
        }
        let mut due = Instant::now();
        while !self.ends.load(Relaxed) {
            let last = due;
            due += EVERY;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let late = due.elapsed();
            if late > ALLOWED {
                let end = due + late;
                self.stalls().push(last..end + AFTERWARDS);
                due = end;
            }
        }
    }

    fn stalls(&self) -> std::sync::MutexGuard<'_, Vec<Range<Instant>>> {
        self.stalls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a command that may fail, such as one that asks Linux for what it does not allow.
pub fn run(program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let _ = quiet.args(arguments).status();
}

/// How often it looks.
const EVERY: Duration = Duration::from_micros(250);

/// How late it may be without having been kept.
const ALLOWED: Duration = Duration::from_micros(100);

/// How long whoever had to wait comes before what is new.
const AFTERWARDS: Duration = Duration::from_micros(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_told_once_and_the_threads_end() {
        let witness = Witness::of(&["0"]);
        let start = Instant::now();
        let stall = start..start + Duration::from_millis(3);
        witness.seen.stalls().push(stall.clone());
        assert!(witness.stalls().contains(&stall));
        assert!(!witness.stalls().contains(&stall));
        let seen = Arc::downgrade(&witness.seen);
        drop(witness);
        assert!(seen.upgrade().is_none());
    }
}
