//! A part of a count.

use std::thread::LocalKey;

use super::{Cell, Table};
use crate::operations::Ended;
use crate::sync::AtomicU64;
use crate::sync::Ordering::Relaxed;

/// A part of a count, in whole numbers.
///
/// It has a cache line for itself: between what other threads write, adding to it would wait for them.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct CountCell(AtomicU64);

impl CountCell {
    /// Adds to the part. For its one writer.
    pub(crate) fn add(&self, count: u64) {
        let old = self.0.load(Relaxed);
        self.0.store(old.wrapping_add(count), Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Cell for CountCell {
    type Part = Ended;

    fn table() -> &'static LocalKey<Table<Self>> {
        thread_local! {
            static TABLE: Table<CountCell> = const { Table::new() };
        }
        &TABLE
    }

    fn fresh(&self) -> Self {
        Self::default()
    }
}
