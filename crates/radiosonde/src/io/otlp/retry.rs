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
                let now = Instant::now();
                let [pause, left] = [until, deadline].map(|end| end.saturating_duration_since(now));
                tokio::time::sleep(spread(pause, left)).await;
                true
            }
            None => true,
        }
    }
}

/// Returns a pause that is up to a fifth longer than the one that was asked for, and never shorter: who was asked at the same moment
/// does not come back at the same one. Of the time that is left beside, it takes no more than half.
pub(super) fn spread(asked_for: Duration, left: Duration) -> Duration {
    let most = (asked_for / 5).min(left.saturating_sub(asked_for) / 2);
    asked_for + most.mul_f64(fastrand::f64())
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

    #[test]
    fn who_was_asked_at_one_moment_does_not_come_back_at_one() {
        let asked_for = Duration::from_secs(10);
        let of = |left| (0..20).map(move |_| spread(asked_for, Duration::from_secs(left)));
        for (left, most) in [(3_600, 12_000), (11, 10_500), (10, 10_000), (0, 10_000)] {
            let most = Duration::from_millis(most);
            let mut pauses = of(left);
            assert!(
                pauses.all(|pause| pause >= asked_for && pause <= most),
                "{left}"
            );
        }
        let mut different: Vec<_> = of(3_600).collect();
        different.dedup();
        assert_eq!(different.len(), 20, "{different:?}");
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
        let took = start.elapsed();
        assert!(
            took >= Duration::from_secs(5) && took <= Duration::from_millis(6_001),
            "{took:?}"
        );
        throttle.pause(LONGEST_ASKED);
        assert!(!throttle.ends_by(seconds(3_600)).await);
    }
}
