//! Waiting for a condition.

use std::thread;
use std::time::{Duration, Instant};

/// Asks `probe` again and again until it finds something, and returns that.
///
/// The probe is asked at once and then every 10 milliseconds, and always at least once.
///
/// # Panics
///
/// Panics when the probe has found nothing by the `deadline`, with a message that names `what` was awaited.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// use radiosonde_testkit::eventually;
///
/// let (sender, receiver) = mpsc::channel();
/// std::thread::spawn(move || sender.send(42));
///
/// let answer = eventually("an answer", Duration::from_secs(5), || receiver.try_recv().ok());
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn eventually<T>(what: &str, deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            start.elapsed() < deadline,
            "awaited {what} for {deadline:?}, in vain"
        );
        thread::sleep(POLL_INTERVAL);
    }
}

const POLL_INTERVAL: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_at_once_is_returned_even_without_time() {
        assert_eq!(eventually("a seven", Duration::ZERO, || Some(7)), 7);
    }

    #[test]
    #[should_panic(expected = "awaited a miracle for 1ms, in vain")]
    fn a_missed_deadline_says_what_was_awaited() {
        eventually("a miracle", Duration::from_millis(1), || None::<()>);
    }
}
