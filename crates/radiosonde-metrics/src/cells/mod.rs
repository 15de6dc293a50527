//! Cells that one thread writes and every thread may read.
//!
//! A value that many threads add to is kept in parts: each thread adds to a *cell* of its own with plain loads and stores,
//! and whoever wants the value adds the cells up. An atomic that two threads hammer costs each of them fifty times as
//! much, because its cache line travels between them at every turn.
//!
//! A cell belongs to one thread at a time. When the thread ends, the next one that needs a cell goes on where it
//! stopped, so the number of cells is that of threads at once, and what was counted stays counted.

mod balance;
mod count;
mod distribution;
mod exponential;
mod operation;
mod scale;
mod sharded;
mod table;
mod version;

pub(crate) use balance::BalanceCell;
pub(crate) use count::CountCell;
pub(crate) use distribution::{Distribution, DistributionCell};
pub(crate) use exponential::ExponentialCell;
pub(crate) use operation::OperationCell;
pub(crate) use scale::{MAX_SCALE, ZERO_THRESHOLD};
pub(crate) use sharded::{Loan, Sharded};
pub(crate) use table::Table;
pub(crate) use version::Version;

use std::thread::LocalKey;

/// One part of a value.
///
/// Only one thread at a time calls what changes it; [`Sharded`] sees to that.
pub(crate) trait Cell: Sized + Send + Sync + 'static {
    /// What counts towards a value of this kind and is kept elsewhere. Reading adds it; writing knows nothing of it.
    type Part: Send + Sync + 'static;

    /// Returns the cells of this thread.
    fn table() -> &'static LocalKey<Table<Self>>;

    /// Makes an empty cell of the same shape.
    fn fresh(&self) -> Self;
}
