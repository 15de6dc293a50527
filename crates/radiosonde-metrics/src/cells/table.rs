//! The cells of one thread.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::Cell;
use super::sharded::Home;

/// The cells that a thread writes, by the index of the value that they are parts of.
pub(crate) struct Table<C: Cell>(RefCell<Vec<Option<Slot<C>>>>);

/// A cell, lent to this thread until it ends.
struct Slot<C: Cell> {
    /// Which value it is a part of. Its index may have belonged to another.
    id: u64,
    cell: Arc<C>,
    home: Weak<Home<C>>,
}

impl<C: Cell> Table<C> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Runs `write` with the cell at this index, if this thread has it and is not at work on its table.
    pub(super) fn with<T>(&self, index: usize, id: u64, write: impl FnOnce(&C) -> T) -> Option<T> {
        let slots = self.0.try_borrow().ok()?;
        let slot = slots.get(index)?.as_ref()?;
        (slot.id == id).then(|| write(&slot.cell))
    }

    /// Borrows a cell from its value and keeps it. `None` when there is none left, or when the table is in use further
    /// up the stack.
    pub(super) fn adopt(&self, index: usize, home: &Arc<Home<C>>) -> Option<Arc<C>> {
        let mut slots = self.0.try_borrow_mut().ok()?;
        let cell = home.lend()?;
        if slots.len() <= index {
            slots.resize_with(index + 1, || None);
        }
        slots[index] = Some(Slot {
            id: home.id(),
            cell: cell.clone(),
            home: Arc::downgrade(home),
        });
        Some(cell)
    }
}

impl<C: Cell> Drop for Slot<C> {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.take_back(self.cell.clone());
        }
    }
}
