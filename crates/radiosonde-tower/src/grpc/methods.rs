//! Which methods have a name.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

use rapidhash::RapidHashMap;

use super::GrpcOptions;
use super::series::MethodSeries;
use crate::method::OTHER;

/// The methods of a layer. What is kept of one is kept for the life of the process.
#[derive(Debug)]
pub(super) struct Methods {
    known: RwLock<RapidHashMap<&'static str, &'static Method>>,
    /// As many as `known` may hold.
    room: usize,
    other: &'static Method,
}

/// A method, or all that have no name.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) series: MethodSeries,
    streams: AtomicBool,
}

impl Methods {
    pub(super) fn new(options: &GrpcOptions) -> Self {
        let mut known = RapidHashMap::default();
        for name in options.methods.iter().flatten().chain(&options.streams) {
            let method = known.entry(&**name).or_insert_with(|| Method::keep(name));
            if options.streams.contains(name) {
                method.is_a_stream();
            }
        }
        let known: RapidHashMap<_, _> = known
            .into_values()
            .map(|method| (method.name, method))
            .collect();
        let learned = if options.methods.is_some() {
            0
        } else {
            options.max_methods
        };
        Self {
            room: known.len().max(learned),
            known: RwLock::new(known),
            other: Method::keep(OTHER),
        }
    }

    /// Finds a method by its name, and tells whether there is room for another one.
    pub(super) fn find(&self, name: &str) -> (Option<&'static Method>, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        (known.get(name).copied(), known.len() < self.room)
    }

    /// Returns that of all methods without a name.
    pub(super) fn other(&self) -> &'static Method {
        self.other
    }

    /// Gives a method a name that has shown to be one, as long as there is room.
    pub(super) fn learn(&self, name: &str) -> &'static Method {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(method) = known.get(name) {
            return method;
        }
        if known.len() >= self.room {
            return self.other;
        }
        let method = Method::keep(name);
        known.insert(method.name, method);
        method
    }
}

impl Method {
    fn keep(name: &str) -> &'static Self {
        let method = Self {
            name: Box::leak(name.into()),
            series: MethodSeries::default(),
            streams: AtomicBool::new(false),
        };
        Box::leak(Box::new(method))
    }

    /// Takes note that it answers with streams.
    pub(super) fn is_a_stream(&self) {
        // Not written again: threads that only read it have it in their caches.
        if !self.streams() {
            self.streams.store(true, Relaxed);
        }
    }

    pub(super) fn streams(&self) -> bool {
        self.streams.load(Relaxed)
    }
}

/// Returns the name in a path, `package.Service/Method`, if it has the form of one.
pub(super) fn name_in(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let (service, method) = name.split_once('/')?;
    let is_word = |text: &str, more: &[u8]| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        !text.is_empty() && text.bytes().all(is_part)
    };
    let is_name = name.len() <= LONGEST && is_word(service, b"_.") && is_word(method, b"_");
    is_name.then_some(name)
}

/// Longer than any name that somebody wrote.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_two_words_is_a_name() {
        assert_eq!(name_in("/shop.Orders/Get"), Some("shop.Orders/Get"));
        assert_eq!(name_in("/Orders/Get_2"), Some("Orders/Get_2"));
        for path in [
            "", "/", "/Get", "/a/", "//b", "/a/b/c", "/a/b.c", "/a b/c", "/a/%00", "a/b", "/ä/b",
        ] {
            assert_eq!(name_in(path), None, "{path}");
        }
        assert_eq!(name_in(&format!("/a/{}", "b".repeat(300))), None);
    }

    #[test]
    fn names_are_learned_as_long_as_there_is_room() {
        let methods = Methods::new(&GrpcOptions::new().max_methods(2));
        assert_eq!(methods.learn("a/b").name, "a/b");
        assert_eq!(methods.learn("a/c").name, "a/c");
        assert_eq!(methods.learn("a/d").name, "_OTHER");
        let (found, has_room) = methods.find("a/b");
        assert_eq!(found.map(|method| method.name), Some("a/b"));
        assert!(methods.find("a/d").0.is_none() && !has_room);
    }

    #[test]
    fn a_list_is_all_there_is() {
        let options = GrpcOptions::new().methods(["a/b"]).streams(["a/c"]);
        let methods = Methods::new(&options);
        assert!(!methods.find("a/b").0.unwrap().streams());
        assert!(methods.find("a/c").0.unwrap().streams());
        assert_eq!(methods.learn("a/d").name, "_OTHER");
    }
}
