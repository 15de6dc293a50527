//! What came of many rounds, in words.

use std::fmt::{self, Write as _};

use super::times::Times;

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
/// what was put together, with that of the lower and the upper quartile of the rounds.
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
        let times = |service: usize| {
            counted
                .iter()
                .map(move |round| &round.measured[service].0[of])
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
                let pairs = times(service).zip(times(other));
                let of_rounds = pairs.map(|(one, other)| one.percentile(99) / other.percentile(99));
                let [low, high] = quartiles(of_rounds.collect());
                let _ = write!(words, "; {ratio:.2} times {to} ({low:.2} to {high:.2})");
            }
            words.push('\n');
        }
    }
    words
}

fn quartiles(mut all: Vec<f64>) -> [f64; 2] {
    all.sort_by(f64::total_cmp);
    [all[all.len() / 4], all[all.len() * 3 / 4]]
}
