//! How long each turn takes while another thread is at work.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::scheduled::waited;
use crate::table::time;
use crate::{Mode, table};

/// Takes the time of each turn.
#[derive(Debug, Default)]
pub struct Stopwatch {
    nanoseconds: Vec<u64>,
}

impl Stopwatch {
    /// Runs a turn, and keeps how long it took.
    pub fn time<T>(&mut self, turn: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = turn();
        let took = start.elapsed().as_nanos();
        self.nanoseconds
            .push(u64::try_from(took).unwrap_or(u64::MAX));
        result
    }

    /// Waits until a turn is due, runs it, and keeps how long after that it was done: who comes while another turn is under way
    /// waits for that, too.
    pub fn time_when_due<T>(&mut self, due: Instant, turn: impl FnOnce() -> T) -> T {
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        let result = turn();
        let took = due.elapsed().as_nanos();
        self.nanoseconds
            .push(u64::try_from(took).unwrap_or(u64::MAX));
        result
    }

    /// Returns how long each turn took, in nanoseconds.
    #[must_use]
    pub fn into_times(self) -> Vec<u64> {
        self.nanoseconds
    }

    /// Returns the time that so many of a thousand turns did not exceed, in nanoseconds.
    pub fn at(&mut self, per_mille: usize) -> f64 {
        self.nanoseconds.sort_unstable();
        let last = self.nanoseconds.len().saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "a turn is short")]
        let found = self
            .nanoseconds
            .get(last * per_mille / 1_000)
            .copied()
            .unwrap_or_default() as f64;
        found
    }
}

type Timed<'a> = dyn Fn(u64, &mut Stopwatch) + 'a;

/// Some work, while another thread does something else over and over.
pub struct Situation<'a> {
    name: &'a str,
    work: Box<Timed<'a>>,
    meanwhile: Option<Box<dyn Fn() + Sync + 'a>>,
    between: Box<dyn Fn() + 'a>,
}

impl<'a> Situation<'a> {
    /// Makes one in which nothing else is done. The work does so many turns, each by the watch.
    pub fn new(name: &'a str, work: impl Fn(u64, &mut Stopwatch) + 'a) -> Self {
        Self {
            name,
            work: Box::new(work),
            meanwhile: None,
            between: Box::new(|| {}),
        }
    }

    /// Sets what another thread does meanwhile, over and over.
    #[must_use]
    pub fn meanwhile(mut self, load: impl Fn() + Sync + 'a) -> Self {
        self.meanwhile = Some(Box::new(load));
        self
    }

    /// Sets what is done between rounds.
    #[must_use]
    pub fn between(mut self, upkeep: impl Fn() + 'a) -> Self {
        self.between = Box::new(upkeep);
        self
    }

    fn round(&self, turns: u64) -> Round {
        (self.between)();
        let Some(load) = &self.meanwhile else {
            return self.timed(turns);
        };
        let (at_work, done) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                load(); // what is done once
                at_work.store(true, Relaxed);
                let (before, start) = (waited(), Instant::now());
                let mut times = 0;
                while !done.load(Relaxed) {
                    load();
                    times += 1;
                }
                (times, has_waited(before, start))
            });
            while !at_work.load(Relaxed) && !other.is_finished() {
                std::hint::spin_loop();
            }
            let mut round = self.timed(turns);
            done.store(true, Relaxed);
            let (times, disturbed) = other.join().expect("the other thread panicked");
            round.meanwhile = times;
            round.disturbed |= disturbed;
            round
        })
    }

    fn timed(&self, turns: u64) -> Round {
        let mut watch = Stopwatch::default();
        let room = usize::try_from(turns).expect("turns are few");
        watch.nanoseconds.reserve(room);
        let (before, start) = (waited(), Instant::now());
        (self.work)(turns, &mut watch);
        let disturbed = has_waited(before, start);
        Round {
            half: watch.at(500),
            most: watch.at(990),
            meanwhile: 0,
            disturbed,
        }
    }
}

impl std::fmt::Debug for Situation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Situation")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Situations that are compared, in turns.
#[derive(Debug)]
pub struct Situations<'a> {
    title: String,
    all: Vec<Situation<'a>>,
}

impl<'a> Situations<'a> {
    /// Takes what is compared. Ratios are to the first.
    pub fn new(title: impl Into<String>, all: impl IntoIterator<Item = Situation<'a>>) -> Self {
        Self {
            title: title.into(),
            all: all.into_iter().collect(),
        }
    }

    /// Runs all of them. Allocations are not counted here.
    pub fn run(&self, mode: &Mode) {
        match mode {
            Mode::Full if !cfg!(feature = "allocations") => self.time(),
            Mode::Full | Mode::Only { .. } => {}
            Mode::Quick => {
                for situation in &self.all {
                    situation.round(16);
                }
            }
        }
    }

    fn time(&self) {
        let mut rounds = vec![Vec::new(); self.all.len()];
        let start = Instant::now();
        let calm = |rounds: &[Round]| rounds.iter().filter(|round| !round.disturbed).count();
        while rounds.iter().any(|of_one| calm(of_one) < ROUNDS) && start.elapsed() < AT_MOST {
            for (situation, rounds) in self.all.iter().zip(&mut rounds) {
                rounds.push(situation.round(TURNS));
            }
        }
        for of_one in &mut rounds {
            if calm(of_one) >= FEW {
                of_one.retain(|round| !round.disturbed);
            }
        }
        self.print(&rounds);
    }

    fn print(&self, rounds: &[Vec<Round>]) {
        let figures = |rounds: &[Round]| {
            [
                median(rounds.iter().map(|round| round.half)),
                median(rounds.iter().map(|round| round.most)),
            ]
        };
        let [first_half, first_most] = figures(&rounds[0]);
        let rows = self.all.iter().zip(rounds).map(|(situation, rounds)| {
            let [half, most] = figures(rounds);
            let meanwhile: u64 = rounds.iter().map(|round| round.meanwhile).sum();
            vec![
                situation.name.to_owned(),
                rounds.len().to_string(),
                meanwhile.to_string(),
                time(half),
                format!("{:.2}", half / first_half),
                time(most),
                format!("{:.2}", most / first_most),
            ]
        });
        let header = [
            "case",
            "rounds",
            "times meanwhile",
            "p50",
            "× first",
            "p99",
            "× first",
        ];
        table(&self.title, &header, &rows.collect::<Vec<_>>());
    }
}

/// What a round tells of a situation.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// What half of the turns did not exceed, in nanoseconds.
    half: f64,
    /// What all but one in a hundred did not exceed.
    most: f64,
    /// How often the other thread was through.
    meanwhile: u64,
    /// Whether a thread had to wait for a processor.
    disturbed: bool,
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn has_waited(before: Duration, start: Instant) -> bool {
    waited().saturating_sub(before) > start.elapsed() / 50
}

/// How many turns a round has: enough for a hundredth of them to be many, and for several scrapes.
const TURNS: u64 = 16_384;

/// How many undisturbed rounds are enough.
const ROUNDS: usize = 40;

/// Fewer undisturbed rounds than this say nothing.
const FEW: usize = 5;

/// How long it may take; whole rounds only.
const AT_MOST: Duration = Duration::from_secs(20);
