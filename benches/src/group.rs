//! Cases that answer one question.

use std::time::{Duration, Instant};

use crate::measure::{Heap, Sample, Work, counted, sample, turns_in};
use crate::table::{number, time};
use crate::{Mode, table};

/// One way to do something. It is given the number of turns.
pub struct Case<'a> {
    name: &'a str,
    work: Box<Work<'a>>,
    between: Box<dyn Fn() + 'a>,
    allocates: bool,
}

impl<'a> Case<'a> {
    /// Makes a case of work that does so many turns.
    pub fn new(name: &'a str, work: impl Fn(u64) + Sync + 'a) -> Self {
        Self {
            name,
            work: Box::new(work),
            between: Box::new(|| {}),
            allocates: true,
        }
    }

    /// Sets what is done between rounds and is not part of the time.
    #[must_use]
    pub fn between(mut self, upkeep: impl Fn() + 'a) -> Self {
        self.between = Box::new(upkeep);
        self
    }

    /// Promises that a turn allocates nothing, which is asserted where allocations are counted.
    #[must_use]
    pub fn without_allocations(mut self) -> Self {
        self.allocates = false;
        self
    }
}

impl std::fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Cases that are compared.
#[derive(Debug)]
pub struct Group<'a> {
    title: String,
    threads: usize,
    over: Option<&'a str>,
    text_bytes: Option<usize>,
    slowest: Option<usize>,
    paired: bool,
    cases: Vec<Case<'a>>,
}

impl<'a> Group<'a> {
    /// Makes a group. Ratios are to its first case.
    pub fn new(title: impl Into<String>, cases: impl IntoIterator<Item = Case<'a>>) -> Self {
        Self {
            title: title.into(),
            threads: 1,
            over: None,
            text_bytes: None,
            slowest: None,
            paired: false,
            cases: cases.into_iter().collect(),
        }
    }

    /// Sets how many threads do the same at the same time.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Names the case that differences are to.
    #[must_use]
    pub fn over(mut self, case: &'a str) -> Self {
        self.over = Some(case);
        self
    }

    /// Sets how many bytes a turn produces: the peak is given as a multiple of it.
    #[must_use]
    pub fn text_bytes(mut self, bytes: usize) -> Self {
        self.text_bytes = Some(bytes);
        self
    }

    /// Sets of how many cases the times are told, beside that of the first: those that take longest, slowest first.
    #[must_use]
    pub fn slowest(mut self, cases: usize) -> Self {
        self.slowest = Some(cases);
        self
    }

    /// Takes differences between rounds that stand side by side, in which the weather was the same, and tells their median: for what
    /// is small beside what the weather does. Takes many rounds, and short ones.
    #[must_use]
    pub fn paired(mut self) -> Self {
        self.paired = true;
        self
    }

    /// Runs all cases.
    ///
    /// # Panics
    ///
    /// Panics when a case does, or when one allocates that promised not to.
    pub fn run(&self, mode: &Mode) {
        if let Mode::Only { case, times } = mode {
            for found in self.cases.iter().filter(|found| {
                self.threads == 1 && *case == format!("{} / {}", self.title, found.name)
            }) {
                (found.work)(64); // what is done once
                turns_counted_from_outside(&found.work, *times);
            }
            return;
        }
        if cfg!(feature = "allocations") {
            self.count(mode);
        }
        if *mode == Mode::Quick {
            for case in &self.cases {
                sample(&case.work, 2, self.threads);
            }
        } else if !cfg!(feature = "allocations") {
            self.time();
        }
    }

    fn time(&self) {
        // The shorter a round, the likelier nobody else wants a processor meanwhile; two threads need both.
        let (rounds, round) = match (self.paired, self.threads) {
            (true, _) => (PAIRS, ROUND / 3),
            (false, 1) => (ROUNDS, ROUND),
            (false, _) => (ROUNDS, ROUND / 3),
        };
        let turns: Vec<u64> = self
            .cases
            .iter()
            .map(|case| turns_in(&case.work, round))
            .collect();
        let mut samples = vec![Vec::new(); self.cases.len()];
        let mut backwards = false;
        let start = Instant::now();
        while samples.iter().any(|of_case| calm(of_case) < rounds) && start.elapsed() < GROUP {
            let mut round = |place: usize| {
                let case = &self.cases[place];
                (case.between)();
                samples[place].push(sample(&case.work, turns[place], self.threads));
            };
            // What goes first leaves the caches to the next one, so each goes first as often.
            let places = 0..self.cases.len();
            if backwards {
                places.rev().for_each(&mut round);
            } else {
                places.for_each(&mut round);
            }
            backwards = self.paired && !backwards;
        }
        let times: Vec<_> = samples.iter().map(|all| undisturbed(all)).collect();
        self.print_times(&times, &samples);
    }

    fn print_times(&self, samples: &[Vec<f64>], rounds: &[Vec<Sample>]) {
        let figure = |samples: &Vec<f64>| match self.threads {
            1 => samples[0],
            _ => samples[samples.len() / 2],
        };
        let over = self
            .cases
            .iter()
            .position(|case| Some(case.name) == self.over);
        let (best, other) = if self.threads == 1 {
            ("best", "median")
        } else {
            ("median", "best")
        };
        let mut header = vec!["case", "rounds", best, other, "× first"];
        let difference = format!("over {}", self.over.unwrap_or_default());
        if over.is_some() {
            header.push(&difference);
        }
        let in_pairs = "in pairs, and its quartiles";
        header.extend(over.filter(|_| self.paired).map(|_| in_pairs));
        let mut told: Vec<_> = self.cases.iter().zip(samples).zip(rounds).collect();
        if let Some(slowest) = self.slowest {
            told[1..]
                .sort_by(|((_, one), _), ((_, other), _)| figure(other).total_cmp(&figure(one)));
            told.truncate(1 + slowest);
        }
        let rows = told.into_iter().map(|((case, of_case), rounds_of_case)| {
            let (best, median) = (of_case[0], of_case[of_case.len() / 2]);
            let other = if self.threads == 1 { median } else { best };
            let mut row = vec![
                case.name.to_owned(),
                of_case.len().to_string(),
                time(figure(of_case)),
                time(other),
                format!("{:.2}", figure(of_case) / figure(&samples[0])),
            ];
            row.extend(over.map(|over| time(figure(of_case) - figure(&samples[over]))));
            if let Some(over) = over.filter(|_| self.paired) {
                row.push(between_rounds(&rounds[over], rounds_of_case));
            }
            row
        });
        let title = match self.threads {
            1 => format!("{}, one thread", self.title),
            threads => format!("{}, {threads} threads", self.title),
        };
        table(&title, &header, &rows.collect::<Vec<_>>());
    }

    fn count(&self, mode: &Mode) {
        if self.threads > 1 {
            return;
        }
        let turns = match (mode, self.text_bytes) {
            (_, Some(_)) => 1,
            (Mode::Quick, None) => 64,
            _ => 6_400,
        };
        let mut rows = Vec::new();
        for case in &self.cases {
            (case.work)(64); // what is made once
            (case.between)();
            let heap = counted(|| (case.work)(turns)).1.unwrap_or_default();
            assert!(
                case.allocates || heap.allocations == 0,
                "{} / {} allocated {} times in {turns} turns",
                self.title,
                case.name,
                heap.allocations
            );
            rows.push(self.row(case, heap, turns));
        }
        if *mode == Mode::Full {
            let mut header = vec!["case", "allocations", "bytes allocated"];
            header.extend(self.text_bytes.map(|_| "peak / text"));
            table(&self.title, &header, &rows);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    fn row(&self, case: &Case<'_>, heap: Heap, turns: u64) -> Vec<String> {
        let each = |count: u64| number(count as f64 / turns as f64);
        let mut row = vec![
            case.name.to_owned(),
            each(heap.allocations),
            each(heap.bytes),
        ];
        row.extend(
            self.text_bytes
                .map(|bytes| format!("{:.2}", heap.peak as f64 / bytes as f64)),
        );
        row
    }
}

/// Has a name that `instructions.sh` can find.
#[inline(never)]
fn turns_counted_from_outside(work: &Work<'_>, turns: u64) {
    work(turns);
}

/// Sorts the times of the rounds in which no thread waited for a processor; of all rounds, when there are few of those.
fn undisturbed(samples: &[Sample]) -> Vec<f64> {
    let times = |all: bool| {
        let mut times: Vec<f64> = samples
            .iter()
            .filter(|sample| all || !sample.disturbed)
            .map(|sample| sample.nanoseconds)
            .collect();
        times.sort_by(f64::total_cmp);
        times
    };
    times(calm(samples) < FEW)
}

/// Says by how much a case took longer than another in the same rounds: the median of those that nobody disturbed, and their quartiles.
fn between_rounds(one: &[Sample], other: &[Sample]) -> String {
    let pairs = one.iter().zip(other);
    let calm = pairs.filter(|(one, other)| !one.disturbed && !other.disturbed);
    let mut more: Vec<f64> = calm
        .map(|(one, other)| other.nanoseconds - one.nanoseconds)
        .collect();
    more.sort_by(f64::total_cmp);
    let quarter = |quarters: usize| {
        more.get(more.len() * quarters / 4)
            .map_or("-".into(), |more| time(*more))
    };
    format!(
        "{} ({} to {}, {} pairs)",
        quarter(2),
        quarter(1),
        quarter(3),
        more.len()
    )
}

fn calm(samples: &[Sample]) -> usize {
    samples.iter().filter(|sample| !sample.disturbed).count()
}

/// How long a case runs in one round.
const ROUND: Duration = Duration::from_millis(3);

/// How many undisturbed rounds are enough.
const ROUNDS: usize = 60;

/// How many are where differences are taken in pairs.
const PAIRS: usize = 1_000;

/// Fewer undisturbed rounds than this say nothing.
const FEW: usize = 5;

/// How long a group may take; whole rounds only.
const GROUP: Duration = Duration::from_secs(12);
