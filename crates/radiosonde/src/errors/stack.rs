//! Where a panic happened.
//!
//! Whoever panics notes the addresses of its stack and no more. What is known of an address is looked up elsewhere, and once: the
//! reports of a storm come from few places.
//!
//! The `backtrace` crate takes one lock of the process both to walk a stack and to look up its symbols, which reads the debug
//! information of the program and takes long. A panic hook that waited for that lock would stop a thread that serves; and
//! when a panic has poisoned it, taking it panics, which in a hook aborts the process. So the hook asks a lock of ours first.

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, RwLock};

use super::event::Stacktrace;
use super::frame::Frame;
use crate::io::give_way;

/// The calls that a thread was in, by the addresses at which they go on: the innermost first.
#[derive(Debug, Clone)]
pub(super) struct Stack(Box<[usize]>);

impl Stack {
    /// How many bytes one takes at most.
    pub(super) const BYTES: usize = MAX_WALKED * size_of::<usize>();

    /// Walks the stack of this thread as far as it is shown, however deep a recursion has made it. `None` while symbols are being
    /// looked up, or cannot be.
    ///
    /// Waits for nothing that takes long: two panics at once take turns, and so does a host that uses the crate itself.
    pub(super) fn walk() -> Option<Self> {
        let _walking = LOOKING_UP.try_read().ok()?;
        (!FAILED.load(Relaxed)).then(|| {
            // The address alone: to keep a frame would be to find its function, which takes as long as the step to it.
            let (mut addresses, mut count) = ([0; MAX_WALKED], 0);
            backtrace::trace(|frame| match addresses.get_mut(count) {
                Some(address) => {
                    *address = frame.ip().addr();
                    count += 1;
                    true
                }
                None => false,
            });
            Self(addresses[..count].into())
        })
    }

    /// Looks its symbols up, and writes it as Sentry has it: from the place that is meant outward. `None` while that lasts elsewhere.
    ///
    /// Blocks for long the first time.
    pub(super) fn look_up(&self) -> Option<Stacktrace> {
        let mut symbols = KNOWN.try_lock().ok()?;
        let mut calls = Vec::new();
        for address in &self.0 {
            calls.extend_from_slice(symbols.calls_at(*address)?);
        }
        drop(symbols);
        written(calls)
    }

    /// Writes it the same way if all of it is known, which takes hardly any time.
    pub(super) fn known(&self) -> Option<Stacktrace> {
        let symbols = KNOWN.try_lock().ok()?;
        let mut calls = Vec::new();
        for address in &self.0 {
            calls.extend_from_slice(symbols.calls.get(address)?);
        }
        drop(symbols);
        written(calls)
    }
}

/// Writes calls, the innermost first, as Sentry has them. `None` for none.
fn written(mut calls: Calls) -> Option<Stacktrace> {
    // What took the stack, and what called that, is of no interest unless there is nothing else.
    let meant = calls.iter().position(|frame| !frame.is_machinery());
    calls.drain(..meant.unwrap_or_default());
    calls.truncate(MAX_FRAMES);
    calls.reverse();
    (!calls.is_empty()).then_some(Stacktrace { frames: calls })
}

/// What is known of addresses.
#[derive(Debug, Default)]
struct Symbols {
    calls: HashMap<usize, Calls>,
    bytes: usize,
}

/// The calls at one address: that of the function, and those that were inlined into it, innermost first.
type Calls = Vec<Arc<Frame>>;

impl Symbols {
    /// Returns the calls at an address, looked up unless they are known.
    fn calls_at(&mut self, address: usize) -> Option<&[Arc<Frame>]> {
        if !self.calls.contains_key(&address) {
            self.keep(address, resolve(address)?);
            // Long enough for one go, where requests wait for this processor.
            give_way();
        }
        self.calls.get(&address).map(Vec::as_slice)
    }

    fn keep(&mut self, address: usize, calls: Calls) {
        let frames = calls.iter().map(|frame| frame.weight());
        let weight = size_of::<(usize, Calls)>() + frames.sum::<usize>();
        if self.bytes + weight > MAX_KNOWN {
            *self = Self::default();
        }
        self.bytes += weight;
        self.calls.insert(address, calls);
    }
}

/// Asks the program what is at an address.
fn resolve(address: usize) -> Option<Calls> {
    let mut calls = Vec::new();
    let _looking_up = LOOKING_UP.write().ok()?;
    // Undone when it ends well.
    FAILED.store(true, Relaxed);
    backtrace::resolve(ptr::without_provenance_mut(address), |symbol| {
        calls.push(Arc::new(Frame::new(symbol, address)));
    });
    FAILED.store(false, Relaxed);
    if calls.is_empty() {
        calls.push(Arc::new(Frame::unknown(address)));
    }
    Some(calls)
}

/// More than this are a recursion.
const MAX_FRAMES: usize = 100;

/// How many are walked: those of what takes the stack, and of what called that, are not shown.
const MAX_WALKED: usize = MAX_FRAMES + 28;

/// How many bytes of symbols are kept. A service that fails in more places than that looks them up again.
const MAX_KNOWN: usize = 1024 * 1024;

/// Held by the one that looks symbols up, or is about to.
static KNOWN: LazyLock<Mutex<Symbols>> = LazyLock::new(Mutex::default);

/// Held for writing while symbols are looked up.
static LOOKING_UP: RwLock<()> = RwLock::new(());

/// Whether looking up symbols has panicked, or does so now.
static FAILED: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_walked_without_waiting_for_symbols_that_are_looked_up_once() {
        let stack = Stack::walk().unwrap();
        let looking_up = LOOKING_UP.write().unwrap();
        let elsewhere = std::thread::spawn(|| Stack::walk().is_none());
        assert!(elsewhere.join().unwrap(), "it waited, or walked");
        drop(looking_up);
        let frames = stack.look_up().unwrap().frames;
        let again = stack.known().unwrap().frames;
        // This crate stands above the stacks of others, so it is left out here as well.
        assert!(!frames.last().unwrap().is_machinery(), "{frames:#?}");
        let mut pairs = frames.iter().zip(&again);
        assert!(pairs.all(|(one, other)| Arc::ptr_eq(one, other)));
    }

    #[test]
    fn what_is_known_of_addresses_takes_a_megabyte_at_most() {
        let mut symbols = Symbols::default();
        for address in 0..20_000 {
            symbols.keep(address, vec![Arc::new(Frame::unknown(address))]);
            assert!(symbols.bytes <= MAX_KNOWN);
        }
        assert!(symbols.calls.len() < 20_000, "{}", symbols.calls.len());
        assert!(symbols.calls.contains_key(&19_999));
    }
}
