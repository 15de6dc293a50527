//! How long things take, and how much of it is the machine's doing.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

/// When something began.
#[derive(Clone, Copy)]
pub(super) struct Began {
    at: Instant,
    /// How long the thread had worked by then.
    worked: Duration,
}

/// How long something took.
#[derive(Clone, Copy)]
pub(super) struct Took {
    pub(super) all: Duration,
    /// How long the thread worked for it.
    pub(super) worked: Duration,
    /// Whether another thread had the processor since the one before it: what it left of the caches is the machine's doing.
    pub(super) disturbed: bool,
}

impl Began {
    pub(super) fn now() -> Self {
        Self {
            worked: worked(),
            at: Instant::now(),
        }
    }

    pub(super) fn took(self) -> Took {
        let all = self.at.elapsed();
        Took {
            all,
            worked: worked().saturating_sub(self.worked),
            disturbed: was_disturbed(),
        }
    }
}

fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap()
}

/// Tells whether this thread has left the processor since it was last asked, where the system counts that.
fn was_disturbed() -> bool {
    thread_local! {
        static SCHEDULED: (Option<File>, Cell<u64>) = (File::open("/proc/thread-self/schedstat").ok(), Cell::default());
    }
    SCHEDULED.with(|(statistics, before)| {
        let mut text = [0; 64];
        let read = statistics
            .as_ref()
            .and_then(|file| file.read_at(&mut text, 0).ok());
        let text = str::from_utf8(&text[..read.unwrap_or_default()]).unwrap();
        let times = text
            .split_whitespace()
            .next_back()
            .map_or(0, |times| times.parse().unwrap());
        before.replace(times) != times
    })
}

/// Times of one kind, in order: those that were not disturbed.
#[derive(Clone, Default)]
pub(super) struct Times {
    nanoseconds: Vec<u32>,
    disturbed: usize,
}

impl Times {
    pub(super) fn of(all: &[Took]) -> Self {
        let undisturbed = all.iter().filter(|took| !took.disturbed);
        let nanoseconds =
            undisturbed.map(|took| took.all.as_nanos().try_into().unwrap_or(u32::MAX));
        let mut times = Self {
            nanoseconds: nanoseconds.collect(),
            disturbed: all.iter().filter(|took| took.disturbed).count(),
        };
        times.nanoseconds.sort_unstable();
        times
    }

    /// Puts the times of several rounds together.
    pub(super) fn pooled<'a>(rounds: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut pooled = Self::default();
        for round in rounds {
            pooled.nanoseconds.extend(&round.nanoseconds);
            pooled.disturbed += round.disturbed;
        }
        pooled.nanoseconds.sort_unstable();
        pooled
    }

    /// Returns those that were not disturbed.
    pub(super) fn all(&self) -> impl Iterator<Item = Duration> {
        let nanoseconds = self.nanoseconds.iter();
        nanoseconds.map(|time| Duration::from_nanos((*time).into()))
    }

    pub(super) fn count(&self) -> usize {
        self.nanoseconds.len()
    }

    /// Returns the time, in microseconds, that so many of a hundred took at most.
    pub(super) fn percentile(&self, hundredths: usize) -> f64 {
        let index = self.count() * hundredths / 100;
        let time = self.nanoseconds.get(index).copied().unwrap_or_default();
        f64::from(time) / 1e3
    }

    /// Returns how many of a hundred were left out.
    pub(super) fn disturbed(&self) -> usize {
        100 * self.disturbed / (self.count() + self.disturbed).max(1)
    }

    /// Reads what it is shown as.
    pub(super) fn read(text: &str) -> Self {
        let mut numbers = text.split(' ').map(|number| number.parse().unwrap());
        let disturbed = numbers.next().unwrap();
        Self {
            nanoseconds: numbers.collect(),
            disturbed: disturbed as usize,
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.disturbed.to_string();
        for time in &self.nanoseconds {
            write!(text, " {time}")?;
        }
        f.write_str(&text)
    }
}

/// The time of all processors, and of it, what others took than this process and its children: in ticks of the system.
#[derive(Clone, Copy)]
pub(super) struct Processors {
    all: u64,
    others: u64,
}

impl Processors {
    /// Returns `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        let numbers = |text: &str| -> Option<Vec<u64>> {
            let words = text.split_whitespace();
            words.map(|word| word.parse().ok()).collect()
        };
        let text = fs::read_to_string("/proc/stat").ok()?;
        let of_all = numbers(text.lines().next()?.strip_prefix("cpu")?)?;
        let [user, nice, system, _, _, _, _, stolen] = *of_all.first_chunk()?;
        let text = fs::read_to_string("/proc/self/stat").ok()?;
        // Behind the name, which may be anything in brackets, and the state.
        let behind = text.rsplit_once(')')?.1.trim_start().split_once(' ')?.1;
        let of_process = numbers(behind)?;
        let own: u64 = of_process.get(10..14)?.iter().sum();
        Some(Self {
            all: of_all[..8].iter().sum(),
            others: (user + nice + system + stolen).saturating_sub(own),
        })
    }

    /// Tells whether others took less than a twentieth since then.
    pub(super) fn were_quiet_since(self, then: Self) -> bool {
        // The kernel's account of idle time may go back.
        let all = self.all.saturating_sub(then.all);
        let others = self.others.saturating_sub(then.others);
        20 * others < all
    }
}

/// Returns what 99 in a hundred took at most.
pub(super) fn slowest_hundredth(mut times: Vec<Duration>) -> Duration {
    let index = times.len() * 99 / 100;
    if index >= times.len() {
        return Duration::ZERO;
    }
    *times.select_nth_unstable(index).1
}
