//! Who has a processor first: what is sent can wait, requests cannot.

use std::thread;

/// Lets others run that wait for this processor.
pub(crate) fn give_way() {
    thread::yield_now();
}

/// Has this thread come after all that serve, for as long as it lasts: beside one that is never idle it has a tenth of the
/// processor, and one that wakes up does not wait for it. Where Linux does not allow that, and elsewhere, threads share as
/// they come.
#[cfg(feature = "sentry")]
pub(crate) fn come_last() {
    // To Linux, a thread has its niceness for itself.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICER);
}

/// In steps, of which there are 19 from where threads usually are. There it would take turns of some milliseconds with those that serve; the
/// last steps would leave it next to nothing of a processor that is never idle.
#[cfg(all(feature = "sentry", target_os = "linux"))]
const NICER: i32 = 10;

#[cfg(test)]
#[cfg(all(feature = "sentry", target_os = "linux"))]
mod tests {
    use super::*;

    /// Reads the niceness of this thread.
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // Behind the name, which may be anything in brackets.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[test]
    fn a_thread_that_comes_last_does_so_alone() {
        let before = niceness();
        let last = thread::spawn(|| {
            come_last();
            niceness()
        });
        assert_eq!(last.join().unwrap(), (before + NICER).min(19));
        assert_eq!(niceness(), before);
    }
}
