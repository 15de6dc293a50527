//! When a message is offered again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The pauses between the offers of one message: each about twice as long as the one before, and none like that of
/// another service, which may have been refused at the same moment.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    count: u32,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self {
            next: FIRST,
            count: 0,
        }
    }

    /// Returns the next pause, or none when the message is given up: while the service ends it is offered once more.
    pub(super) fn next(&mut self, service_ends: bool) -> Option<Duration> {
        if service_ends && self.count > 0 {
            return None;
        }
        let pause = self.next.mul_f64(0.5 + fastrand::f64());
        self.next = (self.next * 2).min(LONGEST);
        self.count += 1;
        Some(if service_ends {
            pause.min(FIRST / 2)
        } else {
            pause
        })
    }
}

/// The pause that a collector asked for, which all messages to it keep.
#[derive(Debug, Clone, Default)]
pub(super) struct Throttle(Arc<Mutex<Option<Instant>>>);

impl Throttle {
    /// Begins a pause, of [`LONGEST_ASKED`] at most.
    pub(super) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Waits for the end of the pause, and returns true, or returns false at once when it does not end by `deadline`.
    pub(super) async fn ends_by(&self, deadline: Instant) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match until {
            Some(until) if until >= deadline => false,
            Some(until) => {
                tokio::time::sleep_until(until).await;
                true
            }
            None => true,
        }
    }
}

const FIRST: Duration = Duration::from_millis(500);

const LONGEST: Duration = Duration::from_secs(5);

/// A pause that is asked for is kept up to this long.
pub(super) const LONGEST_ASKED: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit_and_are_never_alike() {
        let mut pauses = Pauses::new();
        let taken: Vec<_> = (0..20).filter_map(|_| pauses.next(false)).collect();
        assert!(
            taken[0] >= FIRST / 2 && taken[0] < FIRST * 3 / 2,
            "{taken:?}"
        );
        assert!(
            taken.iter().all(|pause| *pause < LONGEST * 3 / 2),
            "{taken:?}"
        );
        assert!(
            taken[10..].iter().all(|pause| *pause >= LONGEST / 2),
            "{taken:?}"
        );
        let mut different = taken[10..].to_vec();
        different.dedup();
        assert_eq!(different.len(), 10, "{taken:?}");
    }

    #[test]
    fn a_service_that_ends_tries_once_more() {
        let mut pauses = Pauses::new();
        assert!(pauses.next(true).is_some_and(|pause| pause <= FIRST / 2));
        assert_eq!(pauses.next(true), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_asked_for_is_kept_unless_it_is_too_long() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let seconds = |seconds| start + Duration::from_secs(seconds);
        assert!(throttle.ends_by(seconds(10)).await);
        throttle.pause(Duration::from_secs(5));
        assert!(!throttle.ends_by(seconds(4)).await);
        assert!(throttle.ends_by(seconds(10)).await);
        assert_eq!(start.elapsed().as_secs(), 5);
        throttle.pause(LONGEST_ASKED);
        assert!(!throttle.ends_by(seconds(3_600)).await);
    }
}
