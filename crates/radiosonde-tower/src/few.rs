//! Values by a key that has few values, found without a lock.

use std::sync::OnceLock;

/// Values by a key, each made once, up to a bound; beyond it a value is made anew each time.
///
/// They stand in a chain that only grows: whoever looks for a key passes those that came before it, and waits for nobody.
#[derive(Debug)]
pub(crate) struct Few<K, V> {
    first: Link<K, V>,
}

type Link<K, V> = OnceLock<Box<Node<K, V>>>;

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: V,
    next: Link<K, V>,
}

impl<K: Copy + Eq, V> Few<K, V> {
    /// Runs `work` with the value of a key, which is made when there is none.
    ///
    /// Threads that miss the same key at the same time may each make a value; one of these stays, and all use it.
    #[inline]
    pub(crate) fn with(&self, key: K, make: impl FnOnce() -> V, work: impl FnOnce(&V)) {
        let mut link = &self.first;
        while let Some(node) = link.get() {
            if node.key == key {
                return work(&node.value);
            }
            link = &node.next;
        }
        self.add(key, make(), work);
    }

    #[cold]
    fn add(&self, key: K, value: V, work: impl FnOnce(&V)) {
        let mut new = Some(Box::new(Node {
            key,
            value,
            next: OnceLock::new(),
        }));
        let mut link = &self.first;
        for _ in 0..MOST {
            if let Some(node) = new.take() {
                // Another may have added a key in the meantime, and it may be this one.
                new = link.set(node).err();
            }
            match link.get() {
                Some(node) if node.key == key => return work(&node.value),
                Some(node) => link = &node.next,
                None => break,
            }
        }
        if let Some(node) = new {
            work(&node.value);
        }
    }
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }
}

/// More than the statuses of a method times the ways in which a call ends. A client that calls one at so many servers that it
/// takes more asks the registry for the rest each time.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn found(few: &Few<usize, usize>, key: usize, value: usize) -> usize {
        let found = Cell::new(None);
        few.with(key, || value, |value| found.set(Some(*value)));
        found.get().expect("work is done")
    }

    #[test]
    fn a_value_is_made_once_for_each_key() {
        let few = Few::default();
        for key in 0..10 {
            assert_eq!(found(&few, key, key * 2), key * 2);
        }
        for key in 0..10 {
            assert_eq!(found(&few, key, 999), key * 2);
        }
    }

    #[test]
    fn past_the_bound_values_are_made_anew_and_not_kept() {
        let few = Few::default();
        for key in 0..MOST {
            found(&few, key, key);
        }
        assert_eq!(found(&few, MOST, 1), 1);
        assert_eq!(found(&few, MOST, 2), 2);
        assert_eq!(found(&few, MOST - 1, 999), MOST - 1);
    }

    #[test]
    fn threads_that_miss_at_once_use_the_same_value() {
        let few = &Few::<usize, usize>::default();
        let start = &std::sync::Barrier::new(4);
        let found: Vec<_> = std::thread::scope(|scope| {
            let look = |thread| {
                start.wait();
                let keys = 0..MOST;
                keys.map(|key| found(few, key, key * 10 + thread)).collect()
            };
            let threads: Vec<_> = (0..4)
                .map(|thread| scope.spawn(move || look(thread)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<Vec<_>>>()
        });
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
        for (key, value) in found[0].iter().enumerate() {
            assert_eq!(value / 10, key);
        }
    }
}
