//! The past of one budget, in bounded memory.
//!
//! Totals are kept, not rates: of each *mark*, a moment at a fixed distance from the next, the total until then. What
//! happened since a mark is a difference of two totals, so that no ratio is ever averaged, and a quiet hour weighs as much as it
//! had requests.
//!
//! A window begins at the last mark that lies at least its length back; it is longer than its name says by less than a
//! *step*, the distance of two marks. Each level has a step, and serves windows that are at least 24 times as long.

use std::time::Duration;

use radiosonde_catalog::objective::WINDOWS;

use super::Counts;

/// The past of one budget.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    /// The time of the last sample, counted from the start of the history.
    now: Duration,
    /// What there was until then.
    total: Counts,
    levels: [Level; LEVELS],
}

/// The marks at one distance.
#[derive(Debug, Clone, PartialEq)]
struct Level {
    /// The distance in seconds.
    step: u64,
    /// A ring: the mark with the number `n` is at `n % marks.len()`, and its time is `n * step`.
    marks: Box<[Counts]>,
}

impl History {
    /// Starts without a past.
    pub(crate) fn new(period: Duration) -> Self {
        let level = |(step, longest): (Option<u64>, u64)| Level {
            step: step.unwrap_or(period.as_secs() / PERIOD_STEPS).max(1),
            marks: (0..=longest).map(|_| Counts::default()).collect(),
        };
        Self {
            now: Duration::ZERO,
            total: Counts::default(),
            levels: STEPS.map(level),
        }
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    pub(crate) fn total(&self) -> Counts {
        self.total
    }

    /// Lets time pass until `now`, when `total` was found. What came since the last sample came just before.
    pub(crate) fn advance(&mut self, now: Duration, total: Counts) {
        let now = now.max(self.now);
        let total = self.total.raised_to(total);
        for level in &mut self.levels {
            level.pass((self.now, self.total), (now, total));
        }
        (self.now, self.total) = (now, total);
    }

    /// Lets time pass without anything.
    pub(super) fn rest_until(&mut self, now: Duration) {
        self.advance(now, self.total);
    }

    /// Returns what happened in a window, by its index in [`WINDOWS`].
    pub(crate) fn window(&self, index: usize) -> Counts {
        let (level, steps) = PLACES[index];
        let level = &self.levels[level];
        let begin = level.number(self.now).checked_sub(steps);
        // Before its start there was nothing.
        let before = begin.map_or_else(Counts::default, |begin| level.mark(begin));
        self.total.since(before)
    }

    /// Returns, of each level, its marks from the oldest to the newest: what [`restored`](Self::restored) takes.
    pub(super) fn marks(&self) -> [Vec<Counts>; LEVELS] {
        self.levels.each_ref().map(|level| {
            let newest = level.number(self.now);
            let kept = level.marks.len() as u64;
            let numbers = (newest + 1).checked_sub(kept);
            let oldest = numbers.unwrap_or(0);
            // Marks before the start are totals of nothing.
            let missing = kept - (newest + 1 - oldest);
            let missing = (0..missing).map(|_| Counts::default());
            missing
                .chain((oldest..=newest).map(|number| level.mark(number)))
                .collect()
        })
    }

    /// Makes a history of what [`marks`](Self::marks) gave out; `None` when it does not fit this period.
    pub(super) fn restored(
        period: Duration,
        now: Duration,
        total: Counts,
        marks: [Vec<Counts>; LEVELS],
    ) -> Option<Self> {
        let mut history = Self::new(period);
        (history.now, history.total) = (now, total);
        for (level, marks) in history.levels.iter_mut().zip(marks) {
            if marks.len() != level.marks.len() {
                return None;
            }
            let newest = level.number(now);
            for (age, mark) in marks.into_iter().rev().enumerate() {
                if let Some(number) = newest.checked_sub(age as u64) {
                    level.set(number, mark);
                }
            }
        }
        Some(history)
    }
}

impl Level {
    /// The number of the last mark at or before a time.
    fn number(&self, time: Duration) -> u64 {
        time.as_secs() / self.step
    }

    fn mark(&self, number: u64) -> Counts {
        self.marks[self.place(number)]
    }

    fn set(&mut self, number: u64, total: Counts) {
        self.marks[self.place(number)] = total;
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a remainder is smaller than the length of a slice"
    )]
    fn place(&self, number: u64) -> usize {
        (number % self.marks.len() as u64) as usize
    }

    /// Sets the marks between two samples to the total of the first, and one at the second to that of the second.
    fn pass(&mut self, (from, old): (Duration, Counts), (to, new): (Duration, Counts)) {
        let (first, last) = (self.number(from) + 1, self.number(to));
        let kept = self.marks.len() as u64;
        for number in first.max((last + 1).saturating_sub(kept))..=last {
            self.set(number, old);
        }
        if to == Duration::from_secs(last * self.step) {
            self.set(last, new);
        }
    }
}

/// Of each level, its step in seconds and how many steps its longest window has. The last one follows the period.
const STEPS: [(Option<u64>, u64); LEVELS] = [
    (Some(10), 30),
    (Some(60), 120),
    (Some(15 * 60), 96),
    (Some(3_600), 72),
    (None, PERIOD_STEPS),
];

pub(super) const LEVELS: usize = 5;

const PERIOD_STEPS: u64 = 120;

/// Of each of the [`WINDOWS`], its level and how many steps it has.
const PLACES: [(usize, u64); WINDOWS.len()] = [
    (0, 30),
    (1, 30),
    (1, 60),
    (1, 120),
    (2, 24),
    (2, 96),
    (3, 72),
    (4, PERIOD_STEPS),
];

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    /// What a history should say: all samples, looked through from the first to the last.
    #[derive(Debug, Default)]
    struct Everything(Vec<(Duration, Counts)>);

    impl Everything {
        /// Adds up what was found since the last mark that lies at least a window back.
        fn window(&self, window: Duration, step: u64) -> Counts {
            let now = self.0.last().map_or(Duration::ZERO, |(time, _)| *time);
            let begin = (now.as_secs() / step * step).checked_sub(window.as_secs());
            let begin = begin.map(Duration::from_secs);
            let in_window = |time: Duration| begin.is_none_or(|begin| time > begin);
            let mut before = Counts::default();
            let mut sum = Counts::default();
            for (time, total) in &self.0 {
                if in_window(*time) {
                    sum = sum.plus(total.since(before));
                }
                before = *total;
            }
            sum
        }
    }

    fn samples() -> impl Strategy<Value = Vec<(Duration, u64, u64)>> {
        // Gaps of all sizes, from none to more than any window, and steps that end on a mark.
        let gap = prop_oneof![
            4 => (0..30_000_u64).prop_map(Duration::from_millis),
            2 => (0..400_u64).prop_map(|steps| Duration::from_secs(10 * steps)),
            2 => (0..200_u64).prop_map(|hours| Duration::from_mins(15 * hours)),
            1 => (0..60_u64).prop_map(Duration::from_hours),
            1 => Just(400 * DAY),
        ];
        prop::collection::vec((gap, 0..1_000_u64, 0..1_000_u64), 1..60)
    }

    proptest! {
        #[test]
        fn every_window_is_what_adding_everything_up_gives(
            samples in samples(),
            days in prop_oneof![Just(1_u32), Just(7), Just(28), Just(30), Just(366)],
        ) {
            let period = days * DAY;
            let mut history = History::new(period);
            let mut everything = Everything::default();
            let (mut now, mut total) = (Duration::ZERO, Counts::default());
            for (gap, events, bad) in samples {
                now += gap;
                total = total.plus(Counts::new(events, bad.min(events)));
                history.advance(now, total);
                everything.0.push((now, total));
                for (index, (name, window)) in WINDOWS.iter().enumerate() {
                    let window = window.unwrap_or(period);
                    let step = history.levels[PLACES[index].0].step;
                    prop_assert_eq!(history.window(index), everything.window(window, step), "{}", name);
                }
            }
        }

        #[test]
        fn what_is_given_out_is_taken_back(samples in samples()) {
            let mut history = History::new(30 * DAY);
            let (mut now, mut total) = (Duration::ZERO, Counts::default());
            for (gap, events, bad) in samples {
                now += gap;
                total = total.plus(Counts::new(events, bad.min(events)));
                history.advance(now, total);
            }
            let restored = History::restored(30 * DAY, now, total, history.marks()).unwrap();
            for index in 0..WINDOWS.len() {
                prop_assert_eq!(restored.window(index), history.window(index));
            }
        }
    }

    #[test]
    fn the_places_of_windows_have_their_lengths() {
        for period in [DAY, 30 * DAY] {
            let history = History::new(period);
            for ((level, steps), (name, window)) in PLACES.into_iter().zip(WINDOWS) {
                let length = history.levels[level].step * steps;
                assert_eq!(
                    Duration::from_secs(length),
                    window.unwrap_or(period),
                    "{name}"
                );
                assert!(history.levels[level].marks.len() as u64 > steps, "{name}");
            }
        }
    }

    #[test]
    fn it_takes_eight_kilobytes() {
        let history = History::new(30 * DAY);
        let marks: usize = history.levels.iter().map(|level| level.marks.len()).sum();
        assert!(marks * size_of::<Counts>() < 8_000, "{marks}");
    }

    #[test]
    fn a_clock_that_goes_back_stands_still() {
        let mut history = History::new(DAY);
        history.advance(Duration::from_secs(100), Counts::new(10, 1));
        history.advance(Duration::from_secs(50), Counts::new(20, 1));
        assert_eq!(history.now(), Duration::from_secs(100));
        assert_eq!(history.window(0), Counts::new(20, 1));
    }
}
