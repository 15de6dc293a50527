//! The series of routes, by method and template.
//!
//! A thread finds those that it found before in a table of its own, by comparing one text, and with each the part of its
//! operations that the thread takes note in. All others are looked up under a shared lock. What is found is kept for the life of
//! the process, as the layer is, so it is pointed at and not counted.

use std::cell::{Cell, RefCell};
use std::sync::{PoisonError, RwLock};

use radiosonde_metrics::OperationsPart;
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

    /// Finds the series of a route that a request arrives at, or makes it, and counts the request there if it `is_counted`. `keep` is told of
    /// each that is made and kept.
    #[inline]
    pub(crate) fn arrive(
        &self,
        method: usize,
        route: &str,
        is_counted: bool,
        make: impl FnOnce(&str, Spot) -> RouteSeries,
        keep: impl FnOnce(&'static RouteSeries),
    ) -> &'static RouteSeries {
        // Of routes that are gone others may have the address; those of a layer are never gone.
        let owner = std::ptr::from_ref(self).addr();
        let key = Key {
            spot: Spot::of(owner, method, route),
            route,
        };
        let is_it = |series: &RouteSeries| key.is_of(series);
        let found = find(key.spot, is_it, |entry| {
            if is_counted {
                match &entry.part {
                    Some(part) => part.begin(),
                    None => entry.series.begin_apart(),
                }
            }
            entry.series
        });
        if let Some(series) = found {
            return series;
        }
        let series = self.look_up(&key, is_counted, make, keep);
        if is_counted {
            in_part(series, OperationsPart::begin).unwrap_or_else(|| series.begin_apart());
        }
        series
    }

    #[cold]
    fn look_up(
        &self,
        key: &Key<'_>,
        is_counted: bool,
        make: impl FnOnce(&str, Spot) -> RouteSeries,
        keep: impl FnOnce(&'static RouteSeries),
    ) -> &'static RouteSeries {
        let routes = &self.methods[key.spot.method];
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
            let spot = Spot::of(key.spot.owner, key.spot.method, name);
            let series: &'static RouteSeries = Box::leak(Box::new(make(name, spot)));
            routes.insert(name.into(), series);
            drop(routes);
            // Without a lock: it asks the registry, which may log.
            keep(series);
            series
        });
        if *series.route == *key.route {
            remember(series, is_counted);
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
    spot: Spot,
    route: &'a str,
}

impl Key<'_> {
    #[inline]
    fn is_of(&self, series: &RouteSeries) -> bool {
        let spot = series.spot;
        self.spot.owner == spot.owner
            && self.spot.method == spot.method
            && *series.route == *self.route
    }
}

/// Where a route is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    /// The address of the routes that it belongs to.
    owner: usize,
    method: usize,
    /// The first of the places where it may be.
    place: u8,
}

impl Spot {
    /// The place follows from the length and the end of a route, in which most differ.
    #[inline]
    fn of(owner: usize, method: usize, route: &str) -> Self {
        let bytes = route.as_bytes();
        let end = match bytes.last_chunk() {
            Some(end) => u64::from_le_bytes(*end),
            None => bytes
                .iter()
                .fold(0, |end, byte| end << 8 | u64::from(*byte)),
        };
        // A parameter at the end is the same in most routes; what stands before it is not.
        let before = bytes.len().checked_sub(16);
        let before = before.and_then(|at| bytes[at..].first_chunk());
        let before = before.map_or(0, |before| u64::from_le_bytes(*before));
        let mixed = end ^ before.rotate_left(29) ^ (bytes.len() + method) as u64;
        // The golden ratio, whose multiples spread evenly over the upper bits.
        let [.., place] = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        Self {
            owner,
            method,
            place,
        }
    }

    fn places(self) -> impl Iterator<Item = usize> {
        let first = usize::from(self.place);
        (first..first + WAYS).map(|place| place % PLACES)
    }
}

/// What a thread found before.
struct Entry {
    series: &'static RouteSeries,
    /// What it takes note of requests in: nothing where none are counted, or where too many threads count them.
    part: Option<OperationsPart>,
}

/// Finds what this thread found before, and looks at it.
#[inline]
fn find<T>(
    spot: Spot,
    is_it: impl Fn(&RouteSeries) -> bool,
    look: impl FnOnce(&Entry) -> T,
) -> Option<T> {
    let find = |recent: &RefCell<[Option<Entry>; PLACES]>| {
        let recent = recent.try_borrow().ok()?;
        for place in spot.places() {
            // They are taken in order and never given up.
            let entry = recent[place].as_ref()?;
            if is_it(entry.series) {
                return Some(look(entry));
            }
        }
        None
    };
    RECENT.try_with(find).ok().flatten()
}

/// Runs `note` with the part of a route's operations that is this thread's. Returns `None` where it has none.
#[inline]
pub(crate) fn in_part<T>(
    series: &'static RouteSeries,
    note: impl FnOnce(&OperationsPart) -> T,
) -> Option<T> {
    let is_it = |other: &RouteSeries| std::ptr::eq(other, series);
    find(series.spot, is_it, |entry| entry.part.as_ref().map(note)).flatten()
}

/// Keeps what was found in the first free one of its places, or else in the place of another, and of another one each time.
fn remember(series: &'static RouteSeries, is_counted: bool) {
    let counts = is_counted && !series.excluded;
    let part = counts.then(|| series.operations.part()).flatten();
    let _ = RECENT.try_with(|recent| {
        // A look at one may lead to another request, which is found without being kept.
        let Ok(mut recent) = recent.try_borrow_mut() else {
            return;
        };
        let turn = TURN.get();
        TURN.set(turn.wrapping_add(1));
        let mut places = series.spot.places();
        let free = places.find(|place| recent[*place].is_none());
        let other = series.spot.places().nth(turn % WAYS);
        if let Some(place) = free.or(other) {
            recent[place] = Some(Entry { series, part });
        }
    });
}

thread_local! {
    static RECENT: RefCell<[Option<Entry>; PLACES]> =
        const { RefCell::new([const { None }; PLACES]) };
    static TURN: Cell<usize> = const { Cell::new(0) };
}

/// How many routes a thread remembers at most, one for each byte: 12 KiB.
const PLACES: usize = 256;

/// In how many places a route may be, so that one rarely drives out another.
const WAYS: usize = 4;

/// As many as a metric may have series.
const MAX_ROUTES: usize = 2_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Barrier};
    use std::thread;

    use http::StatusCode;
    use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, HTTP_REQUESTS};
    use radiosonde_metrics::Registry;

    use super::*;
    use crate::ObserveOptions;
    use crate::clock::Lapse;
    use crate::observation::Stop;
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
                    let found = series.arrive(&options, method, route, false);
                    assert_eq!(names(found), (label, route.clone()));
                    let elsewhere = other.arrive(&options, method, route, false);
                    assert!(!std::ptr::eq(elsewhere, found));
                    kept.insert(std::ptr::from_ref(found).addr());
                }
            }
        }
        assert_eq!(kept.len(), routes.len() * 2);
    }

    /// A request that arrives here and ends after a second, and where it is looked for whether it is in flight.
    struct Requests {
        registry: Registry,
        options: ObserveOptions,
        series: RequestSeries,
    }

    impl Requests {
        fn new() -> Self {
            let (registry, options) = (Registry::new(), ObserveOptions::new().exclude(["/live"]));
            let series = RequestSeries::new(registry.clone(), &options);
            Self {
                registry,
                options,
                series,
            }
        }

        fn arrive(&self, route: &str) -> &'static RouteSeries {
            self.series.arrive(&self.options, 0, route, true)
        }

        fn end(&self, series: &'static RouteSeries) {
            let status = Some(StatusCode::OK);
            self.series
                .record(series, Stop::Complete, status, Lapse::default(), None);
        }

        fn active(&self) -> i64 {
            let active = HTTP_ACTIVE_CONNECTIONS;
            self.registry.up_down_counter(&active, &["GET"]).value()
        }

        fn ended(&self, route: &str) -> u64 {
            let labels = ["GET", route, "200", "ok"];
            self.registry.counter(&HTTP_REQUESTS, &labels).value()
        }
    }

    #[test]
    fn requests_are_counted_once_whatever_their_thread_remembers_when_they_end() {
        let requests = Requests::new();
        // More than a thread remembers: they drive each other out between beginning and end.
        let routes: Vec<_> = (100..900)
            .map(|n| format!("/{n}/orders/{{order_id}}/lines"))
            .collect();
        for turn in 1..=2 {
            let open: Vec<_> = routes.iter().map(|route| requests.arrive(route)).collect();
            assert_eq!(requests.active(), 800);
            for series in open {
                requests.end(series);
            }
            assert_eq!(requests.active(), 0);
            assert!(routes.iter().all(|route| requests.ended(route) == turn));
        }
    }

    #[test]
    fn a_request_may_end_on_another_thread_and_on_one_that_is_ending() {
        struct AtTheEnd(Arc<Requests>, Vec<&'static RouteSeries>);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                let more = self.0.arrive("/orders");
                for series in self.1.drain(..).chain([more]) {
                    self.0.end(series);
                }
            }
        }
        thread_local! {
            static LAST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
        }
        let requests = Arc::new(Requests::new());
        for knows_the_route in [true, false] {
            let elsewhere = requests.arrive("/orders");
            let requests = requests.clone();
            let work = move || {
                let mut open = vec![elsewhere];
                // It is destroyed after what was used later.
                LAST.with(|_| ());
                if knows_the_route {
                    open.push(requests.arrive("/orders"));
                }
                LAST.set(Some(AtTheEnd(requests, open)));
            };
            // Joining waits for the destructors of the thread, too.
            thread::spawn(work).join().unwrap();
        }
        assert_eq!((requests.active(), requests.ended("/orders")), (0, 5));
    }

    #[test]
    fn more_threads_than_have_parts_lose_nothing() {
        let requests = &Requests::new();
        let all_there = &Barrier::new(70);
        thread::scope(|scope| {
            for _ in 0..70 {
                scope.spawn(|| {
                    all_there.wait();
                    let open = requests.arrive("/orders");
                    all_there.wait();
                    requests.end(open);
                    (0..100).for_each(|_| requests.end(requests.arrive("/orders")));
                });
            }
        });
        assert_eq!((requests.active(), requests.ended("/orders")), (0, 7_070));
    }

    #[test]
    fn what_is_left_out_or_counted_elsewhere_is_not_in_flight() {
        let requests = Requests::new();
        for _ in 0..3 {
            assert!(requests.arrive("/live").excluded);
            requests
                .series
                .arrive(&requests.options, 0, "/orders", false);
        }
        assert_eq!(requests.active(), 0);
        // One of the same route that is counted here is.
        requests.end(requests.arrive("/orders"));
        let _open = requests.arrive("/orders");
        assert_eq!((requests.active(), requests.ended("/orders")), (1, 1));
    }

    #[test]
    fn past_the_bound_all_routes_are_one() {
        let options = ObserveOptions::new();
        let series = RequestSeries::new(Registry::new(), &options);
        for n in 0..MAX_ROUTES + 10 {
            let route = format!("/{n}");
            let expected = if n < MAX_ROUTES { &*route } else { "_OTHER" };
            for _ in 0..2 {
                assert_eq!(&*series.arrive(&options, 0, &route, false).route, expected);
            }
        }
        assert_eq!(&*series.arrive(&options, 0, "/7", false).route, "/7");
        assert_eq!(&*series.arrive(&options, 1, "/new", false).route, "/new");
    }

    #[test]
    fn threads_that_look_for_a_new_route_at_once_find_the_same() {
        let options = &ObserveOptions::new();
        let series = &RequestSeries::new(Registry::new(), options);
        let start = &Barrier::new(4);
        let found: Vec<_> = thread::scope(|scope| {
            let look = || {
                start.wait();
                std::ptr::from_ref(series.arrive(options, 0, "/orders", false)).addr()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
            let threads = threads.into_iter();
            threads.map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|address| *address == found[0]));
    }

    #[test]
    fn the_places_of_routes_are_spread() {
        let place = |route: &str| Spot::of(0, 0, route).place;
        let routes = (0..200).map(|n| format!("/api/v1/things/{n}/{{id}}"));
        let places: BTreeSet<_> = routes.map(|route| place(&route)).collect();
        assert!(places.len() > 100, "{}", places.len());
    }
}
