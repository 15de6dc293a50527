//! The request that this thread works for, as reports know it.
//!
//! What every signal knows of a request is kept by the layer. What only reports need is left with it when it is first needed, so
//! that a request pays nothing for reports that are never made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderName, HeaderValue};
use radiosonde_tower::{Arrival, CurrentRequest, with_current_request};

use super::breadcrumbs::Breadcrumbs;
use super::event::{Event, Exception, Request, Trace, weight_of_texts};
use super::reentry::unless_at_it;
use super::report::{MAX_FIELD, bounded, cut};
use super::told::Told;
use super::user::UserFields;

/// What only reports know of a request. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Noted>>);

/// What was noted.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) user: Option<UserFields>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) breadcrumbs: Breadcrumbs,
    /// The error that the request is about to fail with, and its causes.
    pub(super) cause: Vec<Exception>,
    /// Headers that the service wants told.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    told: Told,
}

/// A request, known to a task that goes on beside it, or after it.
#[derive(Debug)]
pub(super) struct Followed {
    method: &'static str,
    route: &'static str,
    target: String,
    notes: Notes,
    trace: Option<Trace>,
}

/// The request of this thread, while it is looked at.
#[derive(Debug)]
pub(super) struct InRequest<'a> {
    method: &'static str,
    route: &'static str,
    target: &'a str,
    noted: &'a Noted,
}

impl Notes {
    /// Runs `with` with what was noted. `None` where this thread is at that already.
    ///
    /// Other threads that work for the request wait meanwhile, so it must not call code of the service.
    fn with<T>(&self, with: impl FnOnce(&mut Noted) -> T) -> Option<T> {
        unless_at_it(|| with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn of(request: &mut CurrentRequest) -> &Self {
        request.extensions_mut().get_or_insert_default()
    }
}

impl Followed {
    /// Takes the request of this thread along, if there is one.
    pub(super) fn take(trace: Option<Trace>) -> Option<Arc<Self>> {
        takes_notes().then_some(())?;
        // What a task follows comes before what its thread works for, here as everywhere: it may be polled in another request.
        followed().or_else(|| {
            let current = with_current_request(|request| Self {
                method: request.method(),
                route: request.route(),
                target: request.target().to_owned(),
                notes: Notes::of(request).clone(),
                trace,
            });
            current.map(Arc::new)
        })
    }

    /// Runs `run` as part of the request.
    pub(super) fn scope<T>(this: &Arc<Self>, run: impl FnOnce() -> T) -> T {
        let _leave = Leave(enter(Some(this.clone())));
        run()
    }
}

/// Starts to take notes. A process that reports nothing takes none.
pub(super) fn start() {
    TAKES_NOTES.store(true, Relaxed);
}

fn takes_notes() -> bool {
    TAKES_NOTES.load(Relaxed)
}

/// Keeps those headers of a request that the service wants told.
pub(super) fn keep_headers(
    names: &[HeaderName],
    arrival: &Arrival<'_>,
    current: &mut CurrentRequest,
) {
    if names.is_empty() {
        return;
    }
    let values = |name| arrival.headers().get_all(name).iter();
    let headers = names
        .iter()
        .flat_map(|name| values(name).map(|value| (name.clone(), value.clone())))
        .collect();
    Notes::of(current).with(|noted| noted.headers = headers);
}

/// Runs `with` with the notes on the request of this thread, if it works for one, and if anything is reported at all.
pub(super) fn with_notes<T>(with: impl FnOnce(&mut Noted) -> T) -> Option<T> {
    takes_notes().then_some(())?;
    if let Some(followed) = followed() {
        return followed.notes.with(with);
    }
    with_current_request(|request| Notes::of(request).with(with)).flatten()
}

/// Returns the route of the request of this thread, if it works for one.
pub(super) fn route() -> Option<&'static str> {
    let route = followed().map(|followed| followed.route);
    route.or_else(|| with_current_request(|request| request.route()))
}

/// Takes note that an event is reported in the request of this thread, and returns whether nothing that says the same was
/// before.
pub(super) fn is_news(event: &Event) -> bool {
    with_notes(|noted| noted.told.is_news(event)).unwrap_or(true)
}

/// Returns the ids of the trace that the task on this thread was spawned in, for where it has none of its own.
pub(super) fn followed_trace() -> Option<Trace> {
    followed()?.trace
}

/// Runs `with` with the request of this thread, if it works for one. Other threads that do wait meanwhile, so it must not call code
/// of the service.
pub(super) fn with_request<T>(with: impl FnOnce(InRequest<'_>) -> T) -> Option<T> {
    if let Some(followed) = followed() {
        return followed.notes.with(|noted| {
            with(InRequest {
                method: followed.method,
                route: followed.route,
                target: &followed.target,
                noted,
            })
        });
    }
    let with = |request: &mut CurrentRequest| {
        let notes = Notes::of(request).clone();
        notes.with(|noted| {
            with(InRequest {
                method: request.method(),
                route: request.route(),
                target: request.target(),
                noted,
            })
        })
    };
    with_current_request(with).flatten()
}

/// Tells whether something that happened in the request of this thread was reported.
pub(super) fn was_reported() -> bool {
    let told = |request: &mut CurrentRequest| {
        let notes = request.extensions().get::<Notes>();
        notes?.with(|noted| noted.told.anything())
    };
    with_current_request(told).flatten().unwrap_or(false)
}

/// Returns what Sentry calls the transaction: method and route.
pub(super) fn transaction(method: &str, route: &str) -> String {
    match route {
        "" => method.to_owned(),
        route => format!("{method} {route}"),
    }
}

impl InRequest<'_> {
    /// Returns about how many bytes an event takes more that it is described in.
    pub(super) fn weight(&self) -> usize {
        let noted = self.noted;
        let headers = noted.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len().min(MAX_FIELD));
        self.route.len()
            + self.target.len()
            + headers.sum::<usize>()
            + noted.user.as_ref().map_or(0, UserFields::weight)
            + weight_of_texts(&noted.tags)
            + noted.breadcrumbs.weight()
    }

    /// Adds what is known of the request to an event.
    pub(super) fn describe(&self, event: &mut Event) {
        let Self { target, noted, .. } = self;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        event.transaction = Some(transaction(self.method, self.route));
        event.request = Some(Request {
            method: self.method.into(),
            url: Some(bounded(path)),
            query_string: (!query.is_empty()).then(|| bounded(query)),
            headers: noted.headers.iter().map(told_header).collect(),
        });
        event.user.clone_from(&noted.user);
        event.tags.extend(noted.tags.clone());
        event.breadcrumbs = noted.breadcrumbs.to_values();
    }
}

/// A value that is marked as sensitive is nobody's business.
fn told_header((name, value): &(HeaderName, HeaderValue)) -> (String, String) {
    let value = if value.is_sensitive() {
        super::scrub::FILTERED.into()
    } else {
        cut(&String::from_utf8_lossy(value.as_bytes()), MAX_FIELD)
    };
    (name.as_str().to_owned(), value)
}

fn followed() -> Option<Arc<Followed>> {
    let followed = FOLLOWED.try_with(|followed| followed.try_borrow().ok()?.clone());
    followed.ok().flatten()
}

/// Makes a request that of this thread, and returns the one that was.
fn enter(request: Option<Arc<Followed>>) -> Option<Arc<Followed>> {
    let entered = FOLLOWED.try_with(|followed| mem::replace(&mut *followed.borrow_mut(), request));
    entered.ok().flatten()
}

struct Leave(Option<Arc<Followed>>);

impl Drop for Leave {
    fn drop(&mut self) {
        drop(enter(self.0.take()));
    }
}

thread_local! {
    /// The request that the task on this thread follows.
    static FOLLOWED: RefCell<Option<Arc<Followed>>> = const { RefCell::new(None) };
}

/// Whether any reports are made in this process.
static TAKES_NOTES: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    /// Asks when it is dropped, as the panic hook does: while what panics holds its locks.
    struct Asks;

    impl Drop for Asks {
        fn drop(&mut self) {
            assert!(with_notes(|_| ()).is_none());
            assert!(with_request(|_| ()).is_none());
        }
    }

    #[test]
    fn a_panic_among_the_notes_of_a_request_does_not_wait_for_them() {
        start();
        let followed = Arc::new(Followed {
            method: "GET",
            route: "/",
            target: "/".into(),
            notes: Notes::default(),
            trace: None,
        });
        Followed::scope(&followed, || {
            let panics = || {
                with_notes(|_| {
                    let _asks = Asks;
                    panic!("as expected");
                })
            };
            assert!(catch_unwind(panics).is_err());
            assert!(with_notes(|_| ()).is_some());
            assert!(with_request(|_| ()).is_some());
        });
    }
}
