//! What can be said of two sides that were measured in turns, on a machine whose weather changes.

use fastrand::Rng;

/// How long each turn took, in nanoseconds, in a round of the one side and in the one of the other beside it.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    one: Vec<u64>,
    other: Vec<u64>,
}

/// How the two sides compare at a percentile of all their turns.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// What the one took, in nanoseconds.
    pub one: f64,
    /// What the other took.
    pub other: f64,
    /// How much more the other took.
    pub more: Interval,
    /// How many times as much it took.
    pub ratio: Interval,
}

/// Where a figure lies that more pairs would have, in 95 of 100 cases.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Interval {
    /// Not below this.
    pub from: f64,
    /// Not above this.
    pub to: f64,
}

impl Pair {
    /// Takes the turns of the one side, and those of the other, which is compared with it.
    #[must_use]
    pub fn new(one: Vec<u64>, other: Vec<u64>) -> Self {
        Self { one, other }
    }

    /// Tells whether there are no turns of one of the sides.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.one.is_empty() || self.other.is_empty()
    }
}

impl Comparison {
    /// Compares what so many of a thousand turns of each side did not exceed.
    ///
    /// The interval is found by drawing as many of the pairs again and again, with those that were drawn before: turns of a round
    /// saw the same weather, and so do not count as many. The same pairs have the same interval.
    ///
    /// # Panics
    ///
    /// Panics without pairs, and when a round has no turns.
    #[must_use]
    pub fn of(pairs: &[Pair], per_mille: usize) -> Self {
        let mut room = Vec::new();
        let mut figures = |drawn: &[&Pair]| {
            [
                pooled(drawn.iter().map(|pair| &pair.one), per_mille, &mut room),
                pooled(drawn.iter().map(|pair| &pair.other), per_mille, &mut room),
            ]
        };
        let [one, other] = figures(&pairs.iter().collect::<Vec<_>>());
        let mut random = Rng::with_seed(1);
        let (mut more, mut ratio) = (Vec::new(), Vec::new());
        for _ in 0..DRAWS {
            let draw = |_| &pairs[random.usize(..pairs.len())];
            let [one, other] = figures(&(0..pairs.len()).map(draw).collect::<Vec<_>>());
            more.push(other - one);
            ratio.push(other / one);
        }
        Self {
            one,
            other,
            more: Interval::of(more),
            ratio: Interval::of(ratio),
        }
    }
}

impl Interval {
    /// Leaves out one in forty at either end.
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let out = figures.len() / 40;
        Self {
            from: figures[out],
            to: figures[figures.len() - 1 - out],
        }
    }
}

/// Returns a percentile of the turns of all these rounds.
fn pooled<'a>(
    rounds: impl Iterator<Item = &'a Vec<u64>>,
    per_mille: usize,
    room: &mut Vec<u64>,
) -> f64 {
    room.clear();
    room.extend(rounds.flatten());
    let place = (room.len() - 1) * per_mille / 1_000;
    #[expect(clippy::cast_precision_loss, reason = "a turn is short")]
    let found = *room.select_nth_unstable(place).1 as f64;
    found
}

/// How often pairs are drawn.
const DRAWS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds in changing weather, in which the other side takes so many thousandths of the time.
    fn pairs(per_mille: u64) -> Vec<Pair> {
        let mut random = Rng::with_seed(7);
        let mut pair = || {
            let weather = random.u64(1_000..2_000);
            let mut round = |per_mille| -> Vec<u64> {
                let mut turn = || random.u64(25..75) * weather * per_mille;
                (0..150).map(|_| turn()).collect()
            };
            Pair::new(round(1_000), round(per_mille))
        };
        (0..40).map(|_| pair()).collect()
    }

    #[test]
    fn sides_that_are_alike_differ_by_nothing_that_can_be_told() {
        let compared = Comparison::of(&pairs(1_000), 990);
        assert!(compared.more.from < 0.0 && compared.more.to > 0.0);
        let ratio = compared.ratio;
        assert!(ratio.from > 0.95 && ratio.to < 1.05, "{ratio:?}");
        assert_eq!(compared, Comparison::of(&pairs(1_000), 990));
    }

    #[test]
    fn a_side_that_takes_a_tenth_more_is_told_from_the_other() {
        let Comparison {
            one, other, ratio, ..
        } = Comparison::of(&pairs(1_100), 990);
        assert!(ratio.from > 1.05 && ratio.to < 1.15, "{ratio:?}");
        assert!(other > one);
    }

    #[test]
    fn a_percentile_is_that_of_all_rounds_together() {
        let of = |turns: std::ops::Range<u64>| {
            let later = turns.clone().map(|turn| turn + 10);
            Pair::new(turns.collect(), later.collect())
        };
        let compared = Comparison::of(&[of(0..500), of(500..1_001)], 990);
        assert_eq!((compared.one, compared.other), (990.0, 1_000.0));
    }
}
