//! How many requests there were, and how many of them were bad.

/// How many requests there were, and how many of them were bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// The requests that count.
    pub events: u64,
    /// Those among them that were bad.
    pub bad: u64,
}

impl Counts {
    pub(crate) const fn new(events: u64, bad: u64) -> Self {
        Self { events, bad }
    }

    /// Returns the share of bad requests, from 0 to 1; without requests it is 0.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a ratio has no more digits than that"
    )]
    pub fn ratio(self) -> f64 {
        if self.events == 0 {
            return 0.0;
        }
        self.bad as f64 / self.events as f64
    }

    /// Returns what came after `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        let events = self.events.saturating_sub(earlier.events);
        // More bad ones than events cannot come, and would be a ratio above 1.
        let bad = self.bad.saturating_sub(earlier.bad).min(events);
        Self { events, bad }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            events: self.events.saturating_add(other.events),
            bad: self.bad.saturating_add(other.bad),
        }
    }

    /// Returns the greater of both, each by itself: totals do not fall.
    pub(super) fn raised_to(self, other: Self) -> Self {
        let events = self.events.max(other.events);
        let bad = self.bad.max(other.bad).min(events);
        Self { events, bad }
    }
}
