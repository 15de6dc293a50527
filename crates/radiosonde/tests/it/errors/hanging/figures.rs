//! What came of many rounds, in words.

use std::fmt::{self, Write as _};

use fastrand::Rng;

use super::times::{Times, slowest_hundredth};

/// What a child measured, by what [`WHAT`] says.
pub(super) struct Measured([Times; 3]);

const WHAT: [&str; 3] = ["neighbours", "handlers that panic", "the hook"];

impl Measured {
    pub(super) fn new(times: [Times; 3]) -> Self {
        Self(times)
    }

    /// Finds it in what a child printed.
    pub(super) fn read(text: &str) -> Self {
        Self(WHAT.map(|what| {
            let of_what = |line: &'_ str| -> Option<Times> {
                let times = line.strip_prefix(what)?.strip_prefix(": ")?;
                Some(Times::read(times))
            };
            text.lines().find_map(of_what).unwrap()
        }))
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in WHAT.iter().zip(&self.0) {
            writeln!(f, "{what}: {times}")?;
        }
        Ok(())
    }
}

/// What all services did in one round.
pub(super) struct Round<const SERVICES: usize> {
    pub(super) measured: [Measured; SERVICES],
    /// Whether nobody else was at work meanwhile.
    pub(super) quiet: bool,
}

/// Says what came of all rounds. The times of the quiet ones are put together, or those of all where none was quiet; and a ratio is that of
/// what was put together, with where it would lie in 95 of 100 cases.
pub(super) fn in_words<const SERVICES: usize>(
    way: &str,
    names: [&str; SERVICES],
    rounds: &[Round<SERVICES>],
) -> String {
    let quiet: Vec<_> = rounds.iter().filter(|round| round.quiet).collect();
    let mut words = format!(
        "{way}: {} of {} rounds were quiet\n",
        quiet.len(),
        rounds.len()
    );
    let counted = if quiet.is_empty() {
        rounds.iter().collect()
    } else {
        quiet
    };
    for (of, what) in WHAT.iter().enumerate() {
        let times = |service: usize| -> Vec<&Times> {
            counted
                .iter()
                .map(|round| &round.measured[service].0[of])
                .collect()
        };
        for (service, name) in names.iter().enumerate() {
            let pooled = Times::pooled(times(service));
            let [half, most] = [50, 99].map(|hundredths| pooled.percentile(hundredths));
            let _ = write!(
                words,
                "  {name}: {} {what} took {half:.2} µs, and {most:.2} at the 99th percentile; {} % more were disturbed",
                pooled.count(),
                pooled.disturbed(),
            );
            for (other, to) in names.iter().enumerate().take(service.min(2)) {
                let ratio = most / Times::pooled(times(other)).percentile(99);
                let [low, high] = interval(&times(service), &times(other));
                let _ = write!(words, "; {ratio:.2} times {to} ({low:.2} to {high:.2})");
            }
            words.push('\n');
        }
    }
    words
}

/// Returns where the ratio of two slowest hundredths would lie in 95 of 100 cases. The rounds are drawn again and again, with those that
/// were drawn before, and not the times: those of a round are late together.
fn interval(one: &[&Times], other: &[&Times]) -> [f64; 2] {
    let mut random = Rng::with_seed(1);
    let mut ratios: Vec<_> = (0..DRAWS)
        .map(|_| {
            let drawn: Vec<_> = one.iter().map(|_| random.usize(..one.len())).collect();
            let [one, other] = [one, other].map(|rounds| {
                let times = drawn.iter().flat_map(|round| rounds[*round].all());
                slowest_hundredth(times.collect()).as_secs_f64()
            });
            one / other
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let out = DRAWS / 40;
    [ratios[out], ratios[DRAWS - 1 - out]]
}

/// How often rounds are drawn.
const DRAWS: usize = 400;
