//! The series of routes, by method and template.
//!
//! A thread finds those that it found before in a table of its own, by comparing one text. All others are looked up under a
//! shared lock. What is found is kept for the life of the process, as the layer is, so it is pointed at and not counted.

use std::cell::Cell;
use std::sync::{PoisonError, RwLock};

use rapidhash::RapidHashMap;

use crate::method::OTHER;
use crate::series::RouteSeries;

/// The series of all routes of a layer, up to a bound; what comes past it is one route together, `_OTHER`.
///
/// The hash is a fast one: routes are chosen by who writes the service, not by who asks it.
#[derive(Debug)]
pub(crate) struct Routes {
    /// By the index of the method.
    methods: Box<[RwLock<ByRoute>]>,
}

type ByRoute = RapidHashMap<Box<str>, &'static RouteSeries>;

impl Routes {
    pub(crate) fn new(methods: usize) -> Self {
        Self {
            methods: (0..methods).map(|_| RwLock::default()).collect(),
        }
    }

    /// Finds the series of a route, or makes it; `keep` is told of each that is made and kept.
    #[inline]
    pub(crate) fn get_or_make(
        &self,
        method: usize,
        route: &str,
        make: impl FnOnce(&str) -> RouteSeries,
        keep: impl FnOnce(&'static RouteSeries),
    ) -> &'static RouteSeries {
        // Of routes that are gone others may have the address; those of a layer are never gone.
        let key = Key {
            owner: std::ptr::from_ref(self).addr(),
            method,
            route,
        };
        match recent(&key) {
            Some(series) => series,
            None => self.look_up(&key, make, keep),
        }
    }

    #[cold]
    fn look_up(
        &self,
        key: &Key<'_>,
        make: impl FnOnce(&str) -> RouteSeries,
        keep: impl FnOnce(&'static RouteSeries),
    ) -> &'static RouteSeries {
        let routes = &self.methods[key.method];
        let shared = routes.read().unwrap_or_else(PoisonError::into_inner);
        let known = known(&shared, key.route);
        drop(shared);
        let series = known.unwrap_or_else(|| {
            let mut routes = routes.write().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have made it meanwhile.
            if let Some(known) = self::known(&routes, key.route) {
                return known;
            }
            let name = if routes.len() < MAX_ROUTES {
                key.route
            } else {
                OTHER
            };
            let series: &'static RouteSeries = Box::leak(Box::new(make(name)));
            routes.insert(name.into(), series);
            drop(routes);
            // Without a lock: it asks the registry, which may log.
            keep(series);
            series
        });
        if *series.route == *key.route {
            remember(key, series);
        }
        series
    }
}

/// Returns the series of a route that is known, or of all that are past the bound.
fn known(routes: &ByRoute, route: &str) -> Option<&'static RouteSeries> {
    let past = || routes.get(OTHER).filter(|_| routes.len() > MAX_ROUTES);
    routes.get(route).or_else(past).copied()
}

/// What a route is found by.
struct Key<'a> {
    /// The address of the routes that it belongs to.
    owner: usize,
    method: usize,
    route: &'a str,
}

/// What a thread found before.
#[derive(Debug, Clone, Copy)]
struct Entry {
    owner: usize,
    method: usize,
    series: &'static RouteSeries,
}

impl Key<'_> {
    #[inline]
    fn is_of(&self, entry: &Entry) -> bool {
        self.owner == entry.owner
            && self.method == entry.method
            && *entry.series.route == *self.route
    }

    /// Returns the first of the places where it may be: by its length and its end, in which most routes differ.
    #[inline]
    fn place(&self) -> usize {
        let end = match self.route.as_bytes().last_chunk() {
            Some(end) => u64::from_le_bytes(*end),
            None => self
                .route
                .bytes()
                .fold(0, |end, byte| end << 8 | u64::from(byte)),
        };
        // A parameter at the end is the same in most routes; what stands before it is not.
        let before = self.route.len().checked_sub(16);
        let before = before.and_then(|at| self.route.as_bytes()[at..].first_chunk());
        let before = before.map_or(0, |before| u64::from_le_bytes(*before));
        let mixed = end ^ before.rotate_left(29) ^ (self.route.len() + self.method) as u64;
        // The golden ratio, whose multiples spread evenly over the upper bits.
        let [.., upper] = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        usize::from(upper)
    }
}

/// Returns the series that this thread found before.
#[inline]
fn recent(key: &Key<'_>) -> Option<&'static RouteSeries> {
    let first = key.place();
    RECENT.with(|recent| {
        for place in first..first + WAYS {
            match recent[place % PLACES].get() {
                Some(entry) if key.is_of(&entry) => return Some(entry.series),
                Some(_) => {}
                // They are taken in order and never given up.
                None => return None,
            }
        }
        None
    })
}

/// Keeps what was found in the first free one of its places, or else in the place of another, and of another one each time.
fn remember(key: &Key<'_>, series: &'static RouteSeries) {
    let first = key.place();
    RECENT.with(|recent| {
        let mut places = (first..first + WAYS).map(|place| &recent[place % PLACES]);
        let free = places.find(|place| place.get().is_none());
        let turn = TURN.get();
        TURN.set(turn.wrapping_add(1));
        free.unwrap_or(&recent[(first + turn % WAYS) % PLACES])
            .set(Some(Entry {
                owner: key.owner,
                method: key.method,
                series,
            }));
    });
}

thread_local! {
    /// Without a destructor, so it is there as long as the thread is.
    static RECENT: [Cell<Option<Entry>>; PLACES] = const { [const { Cell::new(None) }; PLACES] };
    static TURN: Cell<usize> = const { Cell::new(0) };
}

/// How many routes a thread remembers at most, one for each byte: 6 KiB.
const PLACES: usize = 256;

/// In how many places a route may be, so that one rarely drives out another.
const WAYS: usize = 4;

/// As many as a metric may have series.
const MAX_ROUTES: usize = 2_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use radiosonde_metrics::Registry;

    use super::*;
    use crate::ObserveOptions;
    use crate::series::RequestSeries;

    fn names(found: &RouteSeries) -> (&'static str, String) {
        (found.method, found.route.to_string())
    }

    #[test]
    fn a_route_is_found_whatever_else_was_and_again_as_the_same() {
        let options = ObserveOptions::new();
        let series = RequestSeries::new(Registry::new(), &options);
        let other = RequestSeries::new(Registry::new(), &options);
        // More than a thread remembers, and many of them with the same end and length.
        let routes: Vec<_> = (100..900)
            .map(|n| format!("/{n}/orders/{{order_id}}/lines"))
            .collect();
        let mut kept = BTreeSet::new();
        for _ in 0..2 {
            for route in &routes {
                for (method, label) in ["GET", "POST"].into_iter().enumerate() {
                    let found = series.of(&options, method, route);
                    assert_eq!(names(found), (label, route.clone()));
                    let elsewhere = other.of(&options, method, route);
                    assert!(!std::ptr::eq(elsewhere, found));
                    kept.insert(std::ptr::from_ref(found).addr());
                }
            }
        }
        assert_eq!(kept.len(), routes.len() * 2);
    }

    #[test]
    fn past_the_bound_all_routes_are_one() {
        let options = ObserveOptions::new();
        let series = RequestSeries::new(Registry::new(), &options);
        for n in 0..MAX_ROUTES + 10 {
            let route = format!("/{n}");
            let expected = if n < MAX_ROUTES { &*route } else { "_OTHER" };
            for _ in 0..2 {
                assert_eq!(&*series.of(&options, 0, &route).route, expected);
            }
        }
        assert_eq!(&*series.of(&options, 0, "/7").route, "/7");
        assert_eq!(&*series.of(&options, 1, "/new").route, "/new");
    }

    #[test]
    fn threads_that_look_for_a_new_route_at_once_find_the_same() {
        let options = &ObserveOptions::new();
        let series = &RequestSeries::new(Registry::new(), &options);
        let start = &std::sync::Barrier::new(4);
        let found: Vec<_> = std::thread::scope(|scope| {
            let look = || {
                start.wait();
                std::ptr::from_ref(series.of(options, 0, "/orders")).addr()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
            let threads = threads.into_iter();
            threads.map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|address| *address == found[0]));
    }

    #[test]
    fn the_places_of_routes_are_spread() {
        let place = |route: &str| {
            let (owner, method) = (0, 0);
            Key {
                owner,
                method,
                route,
            }
            .place()
        };
        let routes = (0..200).map(|n| format!("/api/v1/things/{n}/{{id}}"));
        let places: BTreeSet<_> = routes.map(|route| place(&route)).collect();
        assert!(places.len() > 100, "{}", places.len());
        for short in ["", "/", "/a", "0123456789abcdef", "0123456789abcdefg"] {
            assert!(place(short) < PLACES);
        }
    }
}
