//! A value in parts.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Cell;

/// A value that is kept in cells, one for each thread that writes it. Clones are the same value.
pub(crate) struct Sharded<C: Cell> {
    index: usize,
    id: u64,
    home: Arc<Home<C>>,
}

/// Where the cells of a value are known.
pub(crate) struct Home<C: Cell> {
    index: usize,
    id: u64,
    cells: Mutex<Cells<C>>,
    /// Whether there is no cell to lend. Asked without the lock, which readers hold while they add up.
    is_exhausted: AtomicBool,
    /// For threads that have no cell: those that are ending, and those past the bound. Its one writer is who holds it.
    common: Mutex<Arc<C>>,
}

struct Cells<C: Cell> {
    all: Vec<Arc<C>>,
    /// Those that were given back.
    free: Vec<Arc<C>>,
    parts: Vec<C::Part>,
}

impl<C: Cell> Sharded<C> {
    /// Makes a value of this shape.
    pub(crate) fn new(common: C) -> Self {
        let (index, id) = (INDICES.take(), NEXT_ID.fetch_add(1, Relaxed));
        let common = Arc::new(common);
        let cells = Mutex::new(Cells {
            all: vec![common.clone()],
            free: Vec::new(),
            parts: Vec::new(),
        });
        let home = Arc::new(Home {
            index,
            id,
            cells,
            is_exhausted: AtomicBool::new(false),
            common: Mutex::new(common),
        });
        Self { index, id, home }
    }

    /// Changes the value by writing to the cell of this thread.
    pub(crate) fn write<T>(&self, write: impl Fn(&C) -> T) -> T {
        match C::table().try_with(|table| table.with(self.index, self.id, &write)) {
            Ok(Some(done)) => done,
            _ => self.write_without_cell(write),
        }
    }

    /// Changes the value as nobody else does at the same time without a cell of their own.
    pub(crate) fn write_alone<T>(&self, write: impl FnOnce(&C) -> T) -> T {
        write(&lock(&self.home.common))
    }

    /// Returns the loan of the cell of this thread, for who writes to it often. `None` where the thread has none: it is ending, or
    /// too many have one.
    pub(crate) fn loan(&self) -> Option<Rc<Loan<C>>> {
        let loan = |table: &super::Table<C>| {
            let known = table.loan(self.index, self.id);
            known.or_else(|| table.adopt(self.index, &self.home))
        };
        C::table().try_with(loan).ok().flatten()
    }

    /// Reads every cell.
    pub(crate) fn read(&self, read: impl FnMut(&C)) {
        lock(&self.home.cells)
            .all
            .iter()
            .map(AsRef::as_ref)
            .for_each(read);
    }

    /// Lets the value grow by what is kept elsewhere.
    pub(crate) fn add_part(&self, part: C::Part) {
        lock(&self.home.cells).parts.push(part);
    }

    /// Reads what is kept elsewhere.
    pub(crate) fn read_parts(&self, read: impl FnMut(&C::Part)) {
        lock(&self.home.cells).parts.iter().for_each(read);
    }

    #[cold]
    fn write_without_cell<T>(&self, write: impl Fn(&C) -> T) -> T {
        let adopted = C::table().try_with(|table| table.adopt(self.index, &self.home));
        match adopted.ok().flatten() {
            Some(loan) => write(loan.cell()),
            None => self.write_alone(write),
        }
    }
}

impl<C: Cell> Home<C> {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Lends a cell to a thread: one that another has given back, or a new one while there are not too many.
    pub(super) fn lend(self: &Arc<Self>) -> Option<Loan<C>> {
        let cell = self.free_cell()?;
        let home = Arc::downgrade(self);
        Some(Loan { cell, home })
    }

    fn free_cell(&self) -> Option<Arc<C>> {
        if self.is_exhausted.load(Relaxed) {
            return None;
        }
        let mut cells = lock(&self.cells);
        if let Some(cell) = cells.free.pop() {
            return Some(cell);
        }
        if cells.all.len() > MAX_THREADS {
            self.is_exhausted.store(true, Relaxed);
            return None;
        }
        let cell = Arc::new(cells.all[0].fresh());
        cells.all.push(cell.clone());
        Some(cell)
    }

    /// Takes back a cell that was lent; what it holds stays part of the value.
    fn take_back(&self, cell: Arc<C>) {
        let mut cells = lock(&self.cells);
        cells.free.push(cell);
        self.is_exhausted.store(false, Relaxed);
    }
}

/// A cell that is lent to one thread, which alone writes to it. It is given back when the thread has no use for it any more, and
/// that is when it ends: its table and whatever else of it is destroyed have it in common.
pub(crate) struct Loan<C: Cell> {
    cell: Arc<C>,
    home: Weak<Home<C>>,
}

impl<C: Cell> Loan<C> {
    pub(crate) fn cell(&self) -> &Arc<C> {
        &self.cell
    }
}

impl<C: Cell> Drop for Loan<C> {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.take_back(self.cell.clone());
        }
    }
}

impl<C: Cell> Clone for Sharded<C> {
    fn clone(&self) -> Self {
        Self {
            index: self.index,
            id: self.id,
            home: self.home.clone(),
        }
    }
}

impl<C: Cell> std::fmt::Debug for Sharded<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sharded")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl<C: Cell> Drop for Home<C> {
    fn drop(&mut self) {
        INDICES.give_back(self.index);
    }
}

/// The indices of values, used again when a value is gone, so that the tables of threads stay small.
struct Indices(Mutex<(usize, Vec<usize>)>);

impl Indices {
    fn take(&self) -> usize {
        let (next, free) = &mut *lock(&self.0);
        free.pop().unwrap_or_else(|| {
            *next += 1;
            *next - 1
        })
    }

    fn give_back(&self, index: usize) {
        lock(&self.0).1.push(index);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics under these locks but an allocation that fails, which aborts.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static INDICES: Indices = Indices(Mutex::new((0, Vec::new())));

/// Never used again, unlike indices.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// How many threads at once have a cell of their own in one value. The rest share one, in turns.
const MAX_THREADS: usize = 64;

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::cells::CountCell;

    fn total(value: &Sharded<CountCell>) -> u64 {
        let mut total = 0;
        value.read(|cell| total += cell.get());
        total
    }

    fn cells(value: &Sharded<CountCell>) -> usize {
        lock(&value.home.cells).all.len()
    }

    #[test]
    fn threads_that_come_and_go_leave_their_count_and_share_a_cell() {
        let value = Sharded::new(CountCell::default());
        for _ in 0..100 {
            let value = value.clone();
            // Joining waits for the destructors of the thread, too.
            thread::spawn(move || value.write(|cell| cell.add(1)))
                .join()
                .unwrap();
        }
        assert_eq!((total(&value), cells(&value)), (100, 2));
    }

    #[test]
    fn threads_past_the_bound_lose_nothing() {
        let value = Sharded::new(CountCell::default());
        let threads = MAX_THREADS + 20;
        let all_there = Barrier::new(threads);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    value.write(|cell| cell.add(1));
                    all_there.wait();
                    (0..1_000).for_each(|_| value.write(|cell| cell.add(1)));
                });
            }
        });
        assert_eq!(total(&value), threads as u64 * 1_001);
        assert_eq!(cells(&value), MAX_THREADS + 1);
    }

    #[test]
    fn a_value_that_takes_the_index_of_another_starts_at_nothing() {
        for _ in 0..100 {
            let value = Sharded::new(CountCell::default());
            value.write(|cell| cell.add(1));
            assert_eq!(total(&value), 1);
        }
    }

    #[test]
    fn a_thread_that_is_ending_is_counted() {
        struct AtTheEnd(Sharded<CountCell>);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                self.0.write(|cell| cell.add(1));
            }
        }
        thread_local! {
            static LAST: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) };
        }
        let value = Sharded::new(CountCell::default());
        let last = AtTheEnd(value.clone());
        let work = || {
            LAST.set(Some(last));
            LAST.with_borrow(|last| last.as_ref().map(|last| last.0.write(|cell| cell.add(1))));
        };
        thread::spawn(work).join().unwrap();
        assert_eq!(total(&value), 2);
    }
}
