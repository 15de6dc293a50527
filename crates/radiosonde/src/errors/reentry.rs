//! What a thread does once at a time.

use std::cell::Cell;

/// Does `work` that holds a lock, unless this thread is at such work already: then it returns `None`.
///
/// Work that panics calls the panic hook before it lets go of its lock, and the hook reports. It must not wait for itself.
pub(super) fn unless_at_it<T>(work: impl FnOnce() -> T) -> Option<T> {
    let _ends = AtIt::begin()?;
    Some(work())
}

struct AtIt(());

impl AtIt {
    fn begin() -> Option<Self> {
        let was = AT_IT.replace(true);
        (!was).then(|| Self(()))
    }
}

impl Drop for AtIt {
    fn drop(&mut self) {
        AT_IT.set(false);
    }
}

thread_local! {
    static AT_IT: Cell<bool> = const { Cell::new(false) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_within_work_is_not_done() {
        let inner = unless_at_it(|| [(); 2].map(|()| unless_at_it(|| ())));
        assert_eq!(inner, Some([None; 2]));
        assert_eq!(unless_at_it(|| ()), Some(()));
        let elsewhere = || std::thread::spawn(|| unless_at_it(|| ())).join();
        assert_eq!(unless_at_it(|| elsewhere().unwrap()), Some(Some(())));
    }
}
