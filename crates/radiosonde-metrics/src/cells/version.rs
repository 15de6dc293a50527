//! The version of a cell: it tells a reader whether what was read is whole.

use crate::sync::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{AtomicU64, fence, yield_now};

/// A number that is odd while its cell is written.
///
/// A reader that met an odd version, or another one at its end, reads again. Neither waits for a lock, and the writer for
/// nothing at all.
#[derive(Debug)]
pub(crate) struct Version(AtomicU64);

impl Version {
    /// Writes to the cell. For its one writer.
    pub(crate) fn write(&self, write: impl FnOnce()) {
        let version = self.0.load(Relaxed);
        self.0.store(version.wrapping_add(1), Relaxed);
        // Whoever sees what is stored below sees the odd version.
        fence(Release);
        write();
        self.0.store(version.wrapping_add(2), Release);
    }

    /// Writes to a cell that has many writers, unless another is at it. Returns whether it did.
    pub(crate) fn try_write(&self, write: impl FnOnce()) -> bool {
        let version = self.0.load(Relaxed);
        let odd = version.wrapping_add(1);
        let even = version.is_multiple_of(2);
        // Whoever comes after another writer sees all that it wrote.
        if !even
            || self
                .0
                .compare_exchange(version, odd, Acquire, Relaxed)
                .is_err()
        {
            return false;
        }
        fence(Release);
        write();
        self.0.store(version.wrapping_add(2), Release);
        true
    }

    /// Reads the cell: as often as it takes to read it whole.
    pub(crate) fn read<T>(&self, mut read: impl FnMut() -> T) -> T {
        loop {
            if let Some(seen) = self.try_read(&mut read) {
                return seen;
            }
            // The writer needs a few nanoseconds, unless it was put to sleep there: let it wake up.
            yield_now();
        }
    }

    /// Reads the cell, unless it is being written.
    pub(crate) fn try_read<T>(&self, read: impl FnOnce() -> T) -> Option<T> {
        let before = self.0.load(Acquire);
        let seen = read();
        // What was read above was read before the version below.
        fence(Acquire);
        let after = self.0.load(Relaxed);
        (before == after && before.is_multiple_of(2)).then_some(seen)
    }

    /// Tells whether the cell was ever written.
    pub(crate) fn is_untouched(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

impl Default for Version {
    // Loom's atomics have no default.
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// A cell of two numbers that are always written together, and never the same way twice.
    struct Pair {
        version: Version,
        numbers: [AtomicU64; 2],
    }

    impl Pair {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                version: Version::default(),
                numbers: [AtomicU64::new(0), AtomicU64::new(0)],
            })
        }

        fn try_write(&self, number: u64) -> bool {
            self.version.try_write(|| {
                self.numbers[0].store(number, Relaxed);
                self.numbers[1].store(number, Relaxed);
            })
        }

        fn try_read(&self) -> Option<[u64; 2]> {
            let read = || [self.numbers[0].load(Relaxed), self.numbers[1].load(Relaxed)];
            self.version.try_read(read)
        }
    }

    #[test]
    fn of_two_writers_each_writes_all_or_nothing() {
        loom::model(|| {
            let pair = Pair::new();
            let other = {
                let pair = pair.clone();
                thread::spawn(move || pair.try_write(1))
            };
            let wrote = [pair.try_write(2), other.join().unwrap()];
            let [one, two] = pair.try_read().expect("nobody writes any more");
            assert!(one == two && one > 0, "torn");
            assert!(wrote.contains(&true), "neither wrote");
            if let [_, false] = wrote {
                assert_eq!(one, 2, "it says that it did not write");
            }
        });
    }

    #[test]
    fn a_reader_sees_what_one_of_several_writers_wrote() {
        let mut model = loom::model::Builder::new();
        // All orders of three threads take minutes. Mistakes show when few of the switches are forced.
        model.preemption_bound = Some(2);
        model.check(|| {
            let pair = Pair::new();
            let other = {
                let pair = pair.clone();
                thread::spawn(move || pair.try_write(1))
            };
            // The reader is the last one that is spawned: otherwise, the model does not try every order.
            let reader = {
                let pair = pair.clone();
                thread::spawn(move || pair.try_read())
            };
            pair.try_write(2);
            other.join().unwrap();
            if let Some([one, two]) = reader.join().unwrap() {
                assert_eq!(one, two, "torn");
            }
        });
    }
}
