//! Two sides that were asked in turns, and whether it is shown that the one is hardly slower than the other.

use std::time::Duration;

use radiosonde_benches::{Comparison, Pair, table, time};

use crate::asking::Round;

/// A round of the one side, and one of the other, which is compared with it.
pub(crate) struct Rounds {
    pub(crate) one: Round,
    pub(crate) other: Round,
}

impl Rounds {
    fn are_disturbed(&self) -> bool {
        self.one.is_disturbed() || self.other.is_disturbed()
    }
}

/// How much slower the slowest hundredth of the other side may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// How many times as much it may take.
    pub(crate) ratio: f64,
    /// How many nanoseconds more.
    pub(crate) more: f64,
    /// Both in words.
    pub(crate) words: &'static str,
}

impl Promise {
    /// Says whether it is shown that it is kept.
    fn verdict(&self, slowest: &Comparison) -> &'static str {
        let Comparison { more, ratio, .. } = slowest;
        if ratio.to <= self.ratio && more.to <= self.more {
            "held"
        } else if ratio.from > self.ratio || more.from > self.more {
            "missed"
        } else {
            "cannot be told"
        }
    }
}

/// What is compared, and with what.
pub(crate) struct Compared<'a> {
    /// What the sides differ by, and what the one side is called, and the other.
    pub(crate) names: [&'a str; 3],
    pub(crate) promise: Promise,
}

impl Compared<'_> {
    /// Tells how the sides compare in each case: of all rounds in which the processors were there for half of the requests at least.
    ///
    /// Rounds come in groups. Those of a group saw the same processes, and so are drawn together.
    pub(crate) fn tell(&self, title: &str, cases: &[(&str, Vec<Vec<Rounds>>)]) {
        let [difference, one, other] = self.names;
        let header = [
            difference,
            "pairs",
            "left out",
            &format!("requests left out in 100, {one}"),
            other,
            &format!("p50, {one}"),
            other,
            &format!("p99, {one}"),
            other,
            "more, from",
            "to",
            "ratio, from",
            "to",
            "failed requests",
            "requests a second, ratio",
            "time of a processor, ratio",
            self.promise.words,
        ];
        let rows: Vec<_> = cases
            .iter()
            .map(|(name, groups)| self.row(name, groups))
            .collect();
        table(title, &header, &rows);
    }

    fn row(&self, name: &str, groups: &[Vec<Rounds>]) -> Vec<String> {
        let all = || groups.iter().flatten();
        let calm = all().filter(|rounds| !rounds.are_disturbed()).count();
        let are_few = calm < FEW;
        // Then all of them have to do, to show that they do not.
        let is_kept = |rounds: &&Rounds| are_few || !rounds.are_disturbed();
        let pairs: Vec<_> = groups
            .iter()
            .map(|group| pair(group.iter().filter(is_kept), are_few))
            .filter(|pair| !pair.is_empty())
            .collect();
        let [half, most] = [500, 990].map(|per_mille| Comparison::of(&pairs, per_mille));
        let ratio = |of: fn(&Round) -> Duration| {
            let sum = |side: fn(&Rounds) -> &Round| {
                let all = all().filter(is_kept).map(|rounds| of(side(rounds)));
                all.sum::<Duration>().as_secs_f64()
            };
            sum(|rounds| &rounds.other) / sum(|rounds| &rounds.one)
        };
        let left_out = |side: fn(&Rounds) -> &Round| {
            let rounds = || all().filter(is_kept).map(side);
            let asked: usize = rounds().map(|round| round.all().len()).sum();
            let kept: usize = rounds().map(|round| round.calm().count()).sum();
            format!("{:.1}", share(asked - kept, asked))
        };
        let failed: u32 = all().map(|of| of.one.failed + of.other.failed).sum();
        vec![
            name.to_owned(),
            all().filter(is_kept).count().to_string(),
            (all().count() - calm).to_string(),
            left_out(|rounds| &rounds.one),
            left_out(|rounds| &rounds.other),
            time(half.one),
            time(half.other),
            time(most.one),
            time(most.other),
            time(most.more.from),
            time(most.more.to),
            format!("{:.3}", most.ratio.from),
            format!("{:.3}", most.ratio.to),
            failed.to_string(),
            // As many were due on either side.
            format!("{:.3}", 1.0 / ratio(|round| round.took)),
            format!("{:.2}", ratio(|round| round.scheduled.worked())),
            if are_few {
                "disturbed"
            } else {
                self.promise.verdict(&most)
            }
            .to_owned(),
        ]
    }
}

/// Returns how many these are of a hundred.
#[expect(clippy::cast_precision_loss, reason = "they are few")]
fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Puts the rounds of a group together: those requests that are not left out, or all of them.
fn pair<'a>(rounds: impl Iterator<Item = &'a Rounds>, whole: bool) -> Pair {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let add = |times: &mut Vec<u64>, round: &Round| {
        if whole {
            times.extend(round.all());
        } else {
            times.extend(round.calm());
        }
    };
    for of in rounds {
        add(&mut one, &of.one);
        add(&mut other, &of.other);
    }
    Pair::new(one, other)
}

/// Fewer pairs in which the processors were there say nothing.
const FEW: usize = 8;
