//! The series of routes, by method and template.
//!
//! A thread finds those that it found before in a table of its own, by comparing one text. All others are looked up under a
//! shared lock. What is found is kept for the life of the process, as the layer is, so it is pointed at and not counted.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock};

use rapidhash::RapidHashMap;

use crate::series::RouteSeries;

/// The series of all routes of a layer, up to a bound; beyond it each is made anew, from a registry that is bounded itself.
///
/// The hash is a fast one: routes are chosen by who writes the service, not by who asks it.
#[derive(Debug)]
pub(crate) struct Routes {
    /// By the index of the method.
    methods: Box<[RwLock<ByRoute>]>,
}

type ByRoute = RapidHashMap<Box<str>, &'static RouteSeries>;

/// The series of a route.
#[derive(Debug)]
pub(crate) enum Found {
    Kept(&'static RouteSeries),
    /// Past the bound.
    Own(Box<RouteSeries>),
}

impl Routes {
    pub(crate) fn new(methods: usize) -> Self {
        Self {
            methods: (0..methods).map(|_| RwLock::default()).collect(),
        }
    }

    #[inline]
    pub(crate) fn get_or_make(
        &self,
        method: usize,
        route: &str,
        make: impl FnOnce() -> RouteSeries,
    ) -> Found {
        // Of a layer that is gone another may have the address; layers are never gone.
        let owner = std::ptr::from_ref(self).addr();
        let first = place(method, route);
        let known = RECENT.with(|recent| {
            let places = (first..first + WAYS).map(|place| recent[place % PLACES].get());
            places
                .flatten()
                .find(|entry| entry.is(owner, method, route))
        });
        match known {
            Some(entry) => Found::Kept(entry.series),
            None => self.look_up(method, route, make),
        }
    }

    #[cold]
    fn look_up(&self, method: usize, route: &str, make: impl FnOnce() -> RouteSeries) -> Found {
        let routes = &self.methods[method];
        let shared = routes.read().unwrap_or_else(PoisonError::into_inner);
        let (known, is_full) = (shared.get(route).copied(), shared.len() >= MAX_ROUTES);
        drop(shared);
        let series = if let Some(series) = known {
            series
        } else {
            // Without a lock: it asks the registry, which may log.
            let series = make();
            if is_full {
                return Found::Own(Box::new(series));
            }
            let mut routes = routes.write().unwrap_or_else(PoisonError::into_inner);
            let kept = || &*Box::leak(Box::new(series));
            *routes.entry(route.into()).or_insert_with(kept)
        };
        remember(Entry {
            owner: std::ptr::from_ref(self).addr(),
            method,
            series,
        });
        Found::Kept(series)
    }
}

impl Deref for Found {
    type Target = RouteSeries;

    fn deref(&self) -> &RouteSeries {
        match self {
            Self::Kept(series) => series,
            Self::Own(series) => series,
        }
    }
}

/// What a thread found before.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The address of the routes that it belongs to.
    owner: usize,
    method: usize,
    series: &'static RouteSeries,
}

impl Entry {
    fn is(&self, owner: usize, method: usize, route: &str) -> bool {
        self.owner == owner && self.method == method && *self.series.route == *route
    }
}

/// Keeps an entry in the first free one of its places, or else in the place of another, and of another one each time.
fn remember(entry: Entry) {
    let first = place(entry.method, &entry.series.route);
    RECENT.with(|recent| {
        let mut places = (first..first + WAYS).map(|place| &recent[place % PLACES]);
        let free = places.find(|place| place.get().is_none());
        let turn = TURN.get();
        TURN.set(turn.wrapping_add(1));
        free.unwrap_or(&recent[(first + turn % WAYS) % PLACES])
            .set(Some(entry));
    });
}

/// Returns the first of the places where a route may be: by its length and its end, in which most differ.
fn place(method: usize, route: &str) -> usize {
    let (_, last) = route.as_bytes().split_at(route.len().saturating_sub(16));
    let mut end = [0; 16];
    end[..last.len()].copy_from_slice(last);
    let end = u128::from_le_bytes(end);
    #[expect(clippy::cast_possible_truncation, reason = "it is taken apart")]
    let mixed = (end as u64) ^ ((end >> 64) as u64).rotate_left(29) ^ (route.len() + method) as u64;
    // The golden ratio, whose multiples spread evenly over the upper bits.
    let [.., upper] = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    usize::from(upper)
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

    use radiosonde_catalog::HTTP_REQUESTS;
    use radiosonde_metrics::Registry;

    use super::*;
    use crate::method::{KNOWN, Methods};
    use crate::series::RequestSeries;

    fn names(found: &Found) -> (&'static str, String) {
        (found.method, found.route.to_string())
    }

    #[test]
    fn a_route_is_found_whatever_else_was_and_again_as_the_same() {
        let methods = Methods::new(KNOWN);
        let series = RequestSeries::new(Registry::new(), &methods);
        let other = RequestSeries::new(Registry::new(), &methods);
        // More than a thread remembers, and many of them with the same end and length.
        let routes: Vec<_> = (100..900)
            .map(|n| format!("/{n}/orders/{{order_id}}/lines"))
            .collect();
        let mut kept = BTreeSet::new();
        for _ in 0..2 {
            for route in &routes {
                for (method, label) in KNOWN.into_iter().enumerate().take(2) {
                    let found = series.of(&methods, method, route);
                    assert_eq!(names(&found), (label, route.clone()));
                    let elsewhere = other.of(&methods, method, route);
                    assert!(!std::ptr::eq(&raw const *elsewhere, &raw const *found));
                    kept.insert((&raw const *found).addr());
                }
            }
        }
        assert_eq!(kept.len(), routes.len() * 2);
    }

    #[test]
    fn past_the_bound_a_route_has_its_name_and_is_not_kept() {
        let methods = Methods::new(KNOWN);
        let registry = Registry::new();
        let series = RequestSeries::new(registry.clone(), &methods);
        for n in 0..MAX_ROUTES + 10 {
            let route = format!("/{n}");
            let found = series.of(&methods, 0, &route);
            assert_eq!(names(&found), ("GET", route));
            assert_eq!(matches!(found, Found::Own(_)), n >= MAX_ROUTES);
        }
        assert_eq!(registry.series(HTTP_REQUESTS.name()), []);
    }

    #[test]
    fn the_places_of_routes_are_spread() {
        let routes = (0..200).map(|n| format!("/api/v1/things/{n}/{{id}}"));
        let places: BTreeSet<_> = routes.map(|route| place(0, &route)).collect();
        assert!(places.len() > 100, "{}", places.len());
        for short in ["", "/", "/a", "0123456789abcdef", "0123456789abcdefg"] {
            assert!(place(0, short) < PLACES);
        }
    }
}
