//! How many events a minute may have.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Lets so many through in a minute, at most. Never blocks.
///
/// One number says it all: the moment at which a whole minute's worth could come again. Each event moves it on by its share
/// of the minute; it may not be moved further than a minute ahead.
#[derive(Debug)]
pub(super) struct Limit {
    start: Instant,
    /// Nanoseconds from the start.
    restored_at: AtomicU64,
    share: Option<u64>,
}

impl Limit {
    pub(super) fn per_minute(events: u32) -> Self {
        Self {
            start: Instant::now(),
            restored_at: AtomicU64::new(0),
            share: MINUTE.checked_div(events.into()),
        }
    }

    /// Takes one of those that may come now, and returns whether there was one.
    pub(super) fn take(&self) -> bool {
        self.take_at(self.start.elapsed())
    }

    fn take_at(&self, now: Duration) -> bool {
        let Some(share) = self.share else {
            return false;
        };
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX / 2);
        let moved_on = |restored_at: u64| {
            let restored_at = restored_at.max(now) + share;
            (restored_at <= now + MINUTE).then_some(restored_at)
        };
        self.restored_at
            .fetch_update(Relaxed, Relaxed, moved_on)
            .is_ok()
    }
}

const MINUTE: u64 = 60 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_at_a_time() {
        let limit = Limit::per_minute(3);
        let at = |seconds| limit.take_at(Duration::from_secs(seconds));
        assert_eq!([at(0), at(0), at(0), at(0)], [true, true, true, false]);
        assert_eq!([at(19), at(20), at(21)], [false, true, false]);
        assert_eq!(
            [at(200), at(200), at(200), at(200)],
            [true, true, true, false]
        );
    }

    #[test]
    fn with_none_allowed_none_comes() {
        assert!(!Limit::per_minute(0).take());
    }

    proptest! {
        #[test]
        fn no_minute_has_more_than_two_minutes_worth(
            events in 1_u32..50,
            pauses in prop::collection::vec(0_u64..3_000, 1..500),
        ) {
            let limit = Limit::per_minute(events);
            let mut now = Duration::ZERO;
            let mut passed = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                if limit.take_at(now) {
                    passed.push(now);
                }
            }
            for (first, from) in passed.iter().enumerate() {
                let until = *from + Duration::from_mins(1);
                let count = passed[first..].iter().take_while(|at| **at < until).count();
                prop_assert!(count <= 2 * events as usize);
            }
        }
    }
}
