//! The past of all budgets as bytes, to be kept over a restart.
//!
//! Totals only grow, so they are written as what came since the mark before: quiet times take a byte or two, and what is
//! read can not go backwards. All numbers are unsigned and in the form of LEB128, seven bits a byte:
//!
//! ```text
//! snapshot = "RSNDSLO1" milliseconds-since-1970 milliseconds-of-history count budget* checksum
//! budget   = length name level{5} growth
//! level    = length growth*
//! growth   = events bad
//! ```
//!
//! The growths of a level add up to its marks, from the oldest to the newest, beginning at 0; the last one of a budget is what
//! came since the newest mark of the first level. The checksum is the [FNV-1a] hash of 64 bits of all before it, its lowest byte
//! first.
//!
//! [FNV-1a]: http://www.isthe.com/chongo/tech/comp/fnv/

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use radiosonde_catalog::fnv_1a;

use super::Counts;
use super::history::LEVELS;

/// The past of all budgets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    /// By the clock on the wall.
    pub(super) taken: SystemTime,
    /// By that of the histories.
    pub(super) now: Duration,
    pub(super) budgets: Vec<Past>,
}

/// The past of one budget.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Past {
    /// What it is about: another objective has another one.
    pub(super) name: String,
    pub(super) total: Counts,
    pub(super) marks: [Vec<Counts>; LEVELS],
}

impl Snapshot {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let since_1970 = self.taken.duration_since(UNIX_EPOCH).unwrap_or_default();
        number(milliseconds(since_1970), &mut out);
        number(milliseconds(self.now), &mut out);
        number(self.budgets.len() as u64, &mut out);
        for past in &self.budgets {
            number(past.name.len() as u64, &mut out);
            out.extend_from_slice(past.name.as_bytes());
            let mut newest = Counts::default();
            for (level, marks) in past.marks.iter().enumerate() {
                number(marks.len() as u64, &mut out);
                let mut before = Counts::default();
                for mark in marks {
                    growth(mark.since(before), &mut out);
                    before = *mark;
                }
                if level == 0 {
                    newest = before;
                }
            }
            growth(past.total.since(newest), &mut out);
        }
        let checksum = fnv_1a(&out).to_le_bytes();
        out.extend_from_slice(&checksum);
        out
    }

    /// Reads what may be anything.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, InvalidSnapshot> {
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(InvalidSnapshot::Foreign);
        };
        let body = rest
            .len()
            .checked_sub(CHECKSUM)
            .map(|end| rest.split_at(end));
        let (body, checksum) = body.ok_or(InvalidSnapshot::Broken)?;
        let expected = fnv_1a(&bytes[..bytes.len() - CHECKSUM]).to_le_bytes();
        if *checksum != expected {
            return Err(InvalidSnapshot::Broken);
        }
        let mut reader = Reader(body);
        let snapshot = reader.snapshot().filter(|_| reader.0.is_empty());
        snapshot.ok_or(InvalidSnapshot::Broken)
    }
}

/// Why bytes are not a snapshot of budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSnapshot {
    /// They are something else, or of another version.
    Foreign,
    /// They were changed, or cut.
    Broken,
}

impl fmt::Display for InvalidSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => "it is no snapshot of budgets, or one of another version",
            Self::Broken => "it was changed or cut",
        })
    }
}

impl std::error::Error for InvalidSnapshot {}

/// What is left to read. Nothing of it is believed: each function gives up at what does not fit.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn snapshot(&mut self) -> Option<Snapshot> {
        let taken = UNIX_EPOCH.checked_add(Duration::from_millis(self.number()?))?;
        let now = Duration::from_millis(self.number()?);
        let count = self.number()?;
        // Grows with what is there, not with what is announced.
        let budgets = (0..count).map(|_| self.past()).collect::<Option<_>>()?;
        Some(Snapshot {
            taken,
            now,
            budgets,
        })
    }

    fn past(&mut self) -> Option<Past> {
        let name = self.name()?;
        let mut marks = [const { Vec::new() }; LEVELS];
        for level in &mut marks {
            *level = self.level()?;
        }
        let newest = marks[0].last().copied().unwrap_or_default();
        let total = self.grown(newest)?;
        let is_past = |mark: &Counts| mark.events <= total.events && mark.bad <= total.bad;
        let all_are_past = marks.iter().flatten().all(is_past);
        all_are_past.then_some(Past { name, total, marks })
    }

    fn level(&mut self) -> Option<Vec<Counts>> {
        let length = self.number()?;
        let mut mark = Counts::default();
        let mut next = || {
            mark = self.grown(mark)?;
            Some(mark)
        };
        (0..length).map(|_| next()).collect()
    }

    fn grown(&mut self, before: Counts) -> Option<Counts> {
        let (events, bad) = (self.number()?, self.number()?);
        // What is bad is an event, so totals stay right.
        let grown = Counts::new(
            before.events.checked_add(events)?,
            before.bad.checked_add(bad)?,
        );
        (bad <= events).then_some(grown)
    }

    fn name(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (name, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(name.to_vec()).ok()
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            let placed = bits.checked_shl(shift)?;
            if placed >> shift != bits {
                return None;
            }
            number |= placed;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

fn growth(counts: Counts, out: &mut Vec<u8>) {
    number(counts.events, out);
    number(counts.bad, out);
}

fn number(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [bits, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(bits);
        }
        out.push(bits | 0x80);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const MAGIC: &[u8] = b"RSNDSLO1";

const CHECKSUM: usize = size_of::<u64>();

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Totals that grow.
    fn growing(lengths: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Counts>> {
        let growth = (0..u64::from(u32::MAX), 0..u64::from(u32::MAX));
        prop::collection::vec(growth, lengths).prop_map(|growths| {
            let mut total = Counts::default();
            let grown = growths.into_iter().map(|(events, bad)| {
                total = total.plus(Counts::new(events, bad.min(events)));
                total
            });
            grown.collect()
        })
    }

    fn past() -> impl Strategy<Value = Past> {
        let marks = prop::array::uniform5(growing(0..9));
        (".{0,9}", marks).prop_map(|(name, marks)| {
            let all = marks.iter().flatten();
            let total = all.fold(Counts::new(7, 1), |total, mark| total.plus(*mark));
            Past { name, total, marks }
        })
    }

    fn snapshot() -> impl Strategy<Value = Snapshot> {
        let seconds = || (0..u64::from(u32::MAX)).prop_map(Duration::from_secs);
        let budgets = prop::collection::vec(past(), 0..4);
        (seconds(), seconds(), budgets).prop_map(|(taken, now, budgets)| Snapshot {
            taken: UNIX_EPOCH + taken,
            now,
            budgets,
        })
    }

    /// Puts the right checksum behind bytes.
    fn checked(mut bytes: Vec<u8>) -> Vec<u8> {
        let checksum = fnv_1a(&bytes).to_le_bytes();
        bytes.extend(checksum);
        bytes
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(snapshot in snapshot()) {
            prop_assert_eq!(Snapshot::read(&snapshot.write()), Ok(snapshot));
        }

        #[test]
        fn any_bytes_are_refused_or_make_sense(
            snapshot in snapshot(),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            prop_assert!(Snapshot::read(&bytes).is_err());
            // Bytes that pretend well: random ones, and a snapshot that was edited.
            let mut edited = snapshot.write();
            edited.truncate(edited.len() - CHECKSUM);
            for (index, byte) in edits {
                let index = index.index(edited.len());
                edited[index] = byte;
            }
            let random = MAGIC.iter().copied().chain(bytes).collect();
            for bytes in [checked(random), checked(edited)] {
                let Ok(read) = Snapshot::read(&bytes) else {
                    continue;
                };
                for past in &read.budgets {
                    for mark in past.marks.iter().flatten() {
                        prop_assert!(mark.bad <= mark.events && mark.events <= past.total.events);
                    }
                    prop_assert!(past.total.bad <= past.total.events);
                }
            }
        }

        #[test]
        fn a_byte_more_or_less_or_another_one_is_noticed(
            snapshot in snapshot(),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u32,
        ) {
            let bytes = snapshot.write();
            let at = at.index(bytes.len());
            prop_assert!(Snapshot::read(&bytes[..at]).is_err());
            let mut longer = bytes.clone();
            longer.push(0);
            prop_assert!(Snapshot::read(&longer).is_err());
            let mut other = bytes;
            other[at] ^= 1 << bit;
            prop_assert!(Snapshot::read(&other).is_err());
        }
    }

    #[test]
    fn what_is_announced_and_not_there_takes_no_memory() {
        let mut bytes = MAGIC.to_vec();
        number(0, &mut bytes);
        number(0, &mut bytes);
        number(u64::MAX, &mut bytes);
        assert_eq!(
            Snapshot::read(&checked(bytes)),
            Err(InvalidSnapshot::Broken)
        );
        assert_eq!(Snapshot::read(b"{}"), Err(InvalidSnapshot::Foreign));
    }
}
