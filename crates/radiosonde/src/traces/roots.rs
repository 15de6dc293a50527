//! How long local roots take, by a clock that nobody sets: the times of spans are those of the wall.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use opentelemetry::trace::SpanId;

/// When the local roots began that have not ended.
#[derive(Debug, Default)]
pub(super) struct Roots(HashMap<SpanId, Instant>);

impl Roots {
    /// How many are timed, which is little beside what they are in the service.
    const MOST: usize = 16_384;

    pub(super) fn begin(&mut self, root: SpanId, now: Instant) {
        if self.0.len() < Self::MOST {
            self.0.insert(root, now);
        }
    }

    /// Returns how long a root took, if it was timed.
    pub(super) fn end(&mut self, root: SpanId, now: Instant) -> Option<Duration> {
        let began = self.0.remove(&root)?;
        if self.0.is_empty() && self.0.capacity() > Self::MOST / 4 {
            self.0.shrink_to_fit();
        }
        Some(now.duration_since(began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_timed_as_far_as_there_is_room() {
        let mut roots = Roots::default();
        let now = Instant::now();
        let id = |number: usize| SpanId::from(number as u64 + 1);
        (0..=Roots::MOST).for_each(|number| roots.begin(id(number), now));
        let second = Duration::from_secs(1);
        for number in 0..Roots::MOST {
            assert_eq!(roots.end(id(number), now + second), Some(second));
        }
        assert_eq!(roots.end(id(Roots::MOST), now + second), None);
        assert_eq!(roots.0.capacity(), 0);
    }
}
