//! The cells of one thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::Cell;
use super::sharded::{Home, Loan};

/// The cells that a thread writes, by the index of the value that they are parts of.
pub(crate) struct Table<C: Cell>(RefCell<Vec<Option<Slot<C>>>>);

/// A cell that is lent to this thread.
struct Slot<C: Cell> {
    /// Which value it is a part of. Its index may have belonged to another.
    id: u64,
    cell: Arc<C>,
    loan: Rc<Loan<C>>,
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

    /// Returns the loan of the cell at this index, if this thread has it.
    pub(super) fn loan(&self, index: usize, id: u64) -> Option<Rc<Loan<C>>> {
        let slots = self.0.try_borrow().ok()?;
        let slot = slots.get(index)?.as_ref()?;
        (slot.id == id).then(|| slot.loan.clone())
    }

    /// Borrows a cell from its value and keeps it. `None` when there is none left, or when the table is in use further
    /// up the stack.
    pub(super) fn adopt(&self, index: usize, home: &Arc<Home<C>>) -> Option<Rc<Loan<C>>> {
        let mut slots = self.0.try_borrow_mut().ok()?;
        let loan = Rc::new(home.lend()?);
        if slots.len() <= index {
            slots.resize_with(index + 1, || None);
        }
        slots[index] = Some(Slot {
            id: home.id(),
            cell: loan.cell().clone(),
            loan: loan.clone(),
        });
        Some(loan)
    }
}
