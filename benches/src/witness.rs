//! Whether the processors of a virtual machine are there when they are wanted.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::run;

/// Two threads for each processor. One comes before all others there, and notices when it does not: a hypervisor has given the processor
/// to another machine, which says nothing of what is measured. The other one comes after all others, and keeps the processor awake: one that sleeps
/// is given away at once, and comes back late. They end when it is dropped.
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
    /// a stall what is none; where none may come after all others, the processor may sleep.
    #[must_use]
    pub fn of(processors: &'static [&'static str]) -> Self {
        let seen = Arc::new(Seen::default());
        let mut threads = Vec::new();
        for processor in processors {
            for work in [Seen::look_after, Seen::keep_awake] {
                let seen = seen.clone();
                threads.push(thread::spawn(move || work(&seen, processor)));
            }
        }
        Self { seen, threads }
    }

    /// Takes the times that say nothing, since it was asked last: those in which a processor was not there, each with a moment before it,
    /// in which what was asked was not answered yet, and with the time afterwards in which what has piled up is worked off.
    ///
    /// They are found by the stalls alone, and not by what anybody made of them: what is slow by itself is not left out for it.
    #[must_use]
    pub fn take_times(&self) -> Vec<Range<Instant>> {
        let mut stalls = std::mem::take(&mut *self.seen.stalls());
        stalls.sort_by_key(|stall| stall.start);
        let mut free = None;
        let with_its_consequences = |stall: Range<Instant>| {
            let worked_off = (stall.end - stall.start) * TO_WORK_OFF;
            let from = free.map_or(stall.end, |free: Instant| free.max(stall.end));
            free = Some(from + worked_off);
            stall.start.checked_sub(BEFORE).unwrap_or(stall.start)..from + worked_off
        };
        stalls.into_iter().map(with_its_consequences).collect()
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
        go_to(processor, &["-f", "-p", "1"]);
        let mut due = Instant::now();
        while !self.ends.load(Relaxed) {
            let middle = due + EVERY / 2;
            due += EVERY;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let late = due.elapsed();
            if late > ALLOWED {
                due += late;
                // It began at some time since the last look.
                self.stalls().push(middle..due);
            }
        }
    }

    fn keep_awake(&self, processor: &str) {
        // Anywhere else, and at any other time, it would take the processor from others.
        if go_to(processor, &["-i", "-p", "0"]) {
            while !self.ends.load(Relaxed) {
                std::hint::spin_loop();
            }
        }
    }

    fn stalls(&self) -> MutexGuard<'_, Vec<Range<Instant>>> {
        self.stalls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has this thread run on a processor, and come before or after others there. Returns whether that is allowed.
fn go_to(processor: &str, when: &[&str]) -> bool {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    let thread = link.file_name().unwrap_or_default().to_string_lossy();
    run("taskset", &["-c", "-p", processor, &thread]) && run("chrt", &[when, &[&*thread]].concat())
}

/// How often it looks: each look takes some twenty microseconds of the processor.
const EVERY: Duration = Duration::from_millis(1);

/// How late it may be without having been kept.
const ALLOWED: Duration = Duration::from_micros(100);

/// How long before a stall a request may have been due that met it.
const BEFORE: Duration = Duration::from_micros(500);

/// How many times as long as a stall it takes to work off what came meanwhile, where the processor is wanted for two thirds of the time.
const TO_WORK_OFF: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_are_taken_once_with_what_they_pile_up() {
        let witness = Witness::of(&[]);
        let start = Instant::now() + Duration::from_secs(1);
        let at = |millis| start + Duration::from_millis(millis);
        *witness.seen.stalls() = vec![at(10)..at(11), at(0)..at(1), at(2)..at(4)];
        let times = witness.take_times();
        let ends: Vec<_> = times.iter().map(|time| time.end).collect();
        // The second one comes before the first is worked off.
        assert_eq!(ends, [at(3), at(8), at(13)]);
        assert_eq!(times[0].start + BEFORE, at(0));
        assert!(witness.take_times().is_empty());
    }

    #[test]
    fn the_threads_end_with_the_witness() {
        let witness = Witness::of(&["0"]);
        let seen = Arc::downgrade(&witness.seen);
        drop(witness);
        assert!(seen.upgrade().is_none());
    }
}
