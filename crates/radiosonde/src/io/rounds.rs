//! What is done again and again, and once more when the service ends.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::attempt::Cutoff;

/// The rounds of a worker.
#[derive(Debug)]
pub(crate) struct Rounds {
    ticks: Interval,
    cutoff: Cutoff,
    was_last: bool,
}

impl Rounds {
    /// Starts to wait for the first round. To be called within the runtime.
    pub(crate) fn new(every: Duration, cutoff: Cutoff) -> Self {
        // At once, there is nothing to say yet.
        let mut ticks = interval_at(Instant::now() + every, every);
        // A round that was slow is not made up for: the next one says it all.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            cutoff,
            was_last: false,
        }
    }

    /// Waits for the next round, and returns when that has to be done. When the service ends, there is one more, and then none.
    pub(crate) async fn next(&mut self) -> Option<&mut Cutoff> {
        if self.was_last {
            return None;
        }
        tokio::select! {
            biased;
            () = self.cutoff.is_set() => self.was_last = true,
            _ = self.ticks.tick() => {}
        }
        Some(&mut self.cutoff)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    const EVERY: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn there_is_one_after_each_interval_and_one_at_the_end() {
        let (end, cutoff) = watch::channel(None);
        let mut rounds = Rounds::new(EVERY, Cutoff::new(cutoff));
        let start = Instant::now();
        for round in 1..4 {
            assert!(rounds.next().await.is_some());
            assert_eq!(start.elapsed(), EVERY * round);
        }
        // One that takes longer than the interval puts the others off.
        tokio::time::advance(EVERY * 2 + EVERY / 2).await;
        assert!(rounds.next().await.is_some());
        let after = Instant::now();
        assert!(rounds.next().await.is_some());
        assert_eq!(after.elapsed(), EVERY);

        end.send_replace(Some(std::time::Instant::now()));
        let ended = Instant::now();
        assert!(rounds.next().await.is_some());
        assert!(rounds.next().await.is_none());
        assert_eq!(ended.elapsed(), Duration::ZERO);
    }
}
