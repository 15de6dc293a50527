//! What time it is, for as little as the machine takes to tell.
//!
//! A request reads the clock twice, and the two readings of the system's clock are the largest part of what a layer can cost. The
//! counter of the processor takes a third of that. It is read where the kernel itself keeps time by it, once it was
//! measured, which another thread does meanwhile; everywhere else, and until then, the system's clock is read.

use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A clock that never goes back.
#[derive(Debug)]
pub(crate) struct Clock {
    /// What the system's clock is read from.
    anchor: Instant,
    counter: Arc<OnceLock<quanta::Clock>>,
}

/// A moment, as its clock tells it. Moments of different clocks are not to be compared.
///
/// The lowest bit tells the system's clock from the processor's counter: a moment is measured by the one that began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(NonZeroU64);

/// How long something took, in nanoseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lapse(u64);

impl Clock {
    /// Makes a clock, which reads the system's until the counter was measured.
    pub(crate) fn new() -> Self {
        let clock = Self::of_the_system();
        if kernel_trusts_the_counter() {
            let counter = clock.counter.clone();
            // It spins for about a millisecond, and for 200 of them where others want the processor. Without a thread the
            // system's clock goes on.
            let _ = std::thread::Builder::new()
                .name("radiosonde-clock".into())
                .spawn(move || counter.set(quanta::Clock::new()));
        }
        clock
    }

    fn of_the_system() -> Self {
        Self {
            anchor: Instant::now(),
            counter: Arc::default(),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        match self.counter.get() {
            Some(counter) => Moment::of_the_counter(counter.raw()),
            None => Moment::of_the_system(self.anchor.elapsed()),
        }
    }

    /// Returns how long it is since then; nothing where that is not past.
    #[inline]
    pub(crate) fn since(&self, then: Moment) -> Lapse {
        Lapse(match self.counter.get() {
            Some(counter) if !then.is_of_the_system() => {
                counter.delta_as_nanos(then.ticks(), counter.raw())
            }
            _ => whole_nanoseconds(self.anchor.elapsed()).saturating_sub(then.ticks()),
        })
    }

    /// Returns how long it is from one moment to a later one.
    pub(crate) fn between(&self, then: Moment, later: Moment) -> Lapse {
        let since = self.since(then);
        Lapse(since.0.saturating_sub(self.since(later).0))
    }
}

impl Moment {
    const OF_THE_SYSTEM: u64 = 1;

    #[inline]
    fn of_the_counter(ticks: u64) -> Self {
        // Twice: zero is taken.
        Self(NonZeroU64::new(ticks << 1).unwrap_or(NonZeroU64::MIN))
    }

    fn of_the_system(passed: Duration) -> Self {
        Self(
            NonZeroU64::new(whole_nanoseconds(passed) << 1 | Self::OF_THE_SYSTEM)
                .unwrap_or(NonZeroU64::MIN),
        )
    }

    #[inline]
    fn is_of_the_system(self) -> bool {
        self.0.get() & Self::OF_THE_SYSTEM != 0
    }

    #[inline]
    fn ticks(self) -> u64 {
        self.0.get() >> 1
    }
}

impl Lapse {
    #[inline]
    pub(crate) fn nanoseconds(self) -> u64 {
        self.0
    }

    pub(crate) fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// Returns it in nanoseconds, of which six centuries fit.
pub(crate) fn whole_nanoseconds(passed: Duration) -> u64 {
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// Tells whether the kernel keeps time by the counter that a program can read. It watches it, and turns away from one that is
/// not steady, or not the same on every processor.
fn kernel_trusts_the_counter() -> bool {
    let source = std::fs::read_to_string(CLOCK_SOURCE);
    source.is_ok_and(|source| matches!(source.trim(), "tsc" | "arch_sys_counter"))
}

const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock agrees with that of the system, which was read before and after each of its readings.
    fn agrees(clock: &Clock) {
        let earlier = Instant::now();
        let then = clock.now();
        let later = Instant::now();
        while later.elapsed() < Duration::from_millis(5) {}
        let shortest = later.elapsed();
        let measured = clock.since(then).duration();
        let longest = earlier.elapsed();
        let tolerance = longest / 100;
        assert!(
            measured + tolerance >= shortest,
            "{measured:?} {shortest:?}"
        );
        assert!(measured <= longest + tolerance, "{measured:?} {longest:?}");
    }

    #[test]
    fn the_clock_of_the_system_tells_how_long_something_took() {
        agrees(&Clock::of_the_system());
    }

    #[test]
    fn the_counter_tells_how_long_something_took() {
        let clock = Clock::of_the_system();
        clock.counter.set(quanta::Clock::new()).unwrap();
        agrees(&clock);
    }

    #[test]
    fn a_moment_is_measured_by_the_clock_that_it_was_taken_from() {
        let clock = Clock::of_the_system();
        let then = clock.now();
        clock.counter.set(quanta::Clock::new()).unwrap();
        assert!(clock.since(then).duration() < Duration::from_mins(1));
        let counted = clock.now();
        assert!(!counted.is_of_the_system());
        assert!(clock.between(then, counted) <= clock.since(then));
    }

    #[test]
    fn what_lies_ahead_is_no_time_ago() {
        let clock = Clock::of_the_system();
        let ahead = Moment::of_the_system(Duration::from_hours(1));
        assert_eq!(clock.since(ahead), Lapse(0));
        assert_eq!(clock.between(ahead, clock.now()), Lapse(0));
    }
}
