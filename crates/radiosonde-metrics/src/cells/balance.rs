//! A part of a number that goes up and down.

use std::thread::LocalKey;

use super::{Cell, Table};
use crate::operations::Active;
use crate::sync::AtomicU64;
use crate::sync::Ordering::{Acquire, Relaxed, Release};

/// A part of a number of things that begin and end: how many began, and how many ended.
///
/// What begins on one thread may end on another. A reader takes all ends of all cells first, and the beginnings after them:
/// each end that it has seen has its beginning among those, so the number is never below what it was.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct BalanceCell {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl BalanceCell {
    /// Adds to the part. For its one writer.
    pub(crate) fn add(&self, change: i64) {
        let count = change.unsigned_abs();
        if change >= 0 {
            let old = self.begun.load(Relaxed);
            self.begun.store(old.wrapping_add(count), Relaxed);
        } else {
            let old = self.ended.load(Relaxed);
            // Whoever sees this end sees what happened before it, the beginning included.
            self.ended.store(old.wrapping_add(count), Release);
        }
    }

    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    pub(crate) fn ended(&self) -> u64 {
        self.ended.load(Acquire)
    }
}

impl Cell for BalanceCell {
    type Part = Active;

    fn table() -> &'static LocalKey<Table<Self>> {
        thread_local! {
            static TABLE: Table<BalanceCell> = const { Table::new() };
        }
        &TABLE
    }

    fn fresh(&self) -> Self {
        Self::default()
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::thread;

    use super::*;

    #[test]
    fn what_begins_on_one_thread_and_ends_on_another_is_never_less_than_nothing() {
        loom::model(|| {
            let cells = Arc::new([BalanceCell::default(), BalanceCell::default()]);
            let handed_over = Arc::new(AtomicBool::new(false));
            let ender = {
                let (cells, handed_over) = (cells.clone(), handed_over.clone());
                thread::spawn(move || {
                    if handed_over.load(Ordering::Acquire) {
                        cells[1].add(-1);
                    }
                })
            };
            // The reader is the last one that is spawned: otherwise, the model does not try every order.
            let reader = {
                let cells = cells.clone();
                thread::spawn(move || {
                    let ended: u64 = cells.iter().map(BalanceCell::ended).sum();
                    let begun: u64 = cells.iter().map(BalanceCell::begun).sum();
                    (begun, ended)
                })
            };
            cells[0].add(1);
            handed_over.store(true, Ordering::Release);
            ender.join().unwrap();
            let (begun, ended) = reader.join().unwrap();
            assert!(begun >= ended, "{begun} began and {ended} ended");
        });
    }
}
