//! The request that this thread works for, as reports describe it.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use radiosonde_tower::{Arrival, Entered};
use sentry_core::protocol::{Event, Request};

use super::report::bounded;

/// A request in flight, as reports describe it.
#[derive(Debug)]
pub(crate) struct CurrentRequest {
    /// Method and route: what Sentry calls the transaction.
    transaction: String,
    method: String,
    path: String,
    reported: AtomicBool,
}

impl CurrentRequest {
    pub(crate) fn of(request: &Arrival<'_>) -> Self {
        let method = request.method_label();
        let transaction = match request.route() {
            "" => method.to_owned(),
            route => format!("{method} {route}"),
        };
        Self {
            transaction,
            method: bounded(request.method().as_str()),
            path: bounded(request.uri().path()),
            reported: AtomicBool::new(false),
        }
    }

    /// Makes it the request of this thread until the guard is dropped.
    pub(crate) fn enter(this: &Arc<Self>) -> Entered {
        let request = this.clone();
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(request));
        Entered::new(|| {
            let _ = ENTERED.try_with(|entered| entered.borrow_mut().pop());
        })
    }

    pub(crate) fn transaction(&self) -> &str {
        &self.transaction
    }

    /// Tells whether something that happened in it was reported.
    pub(crate) fn was_reported(&self) -> bool {
        self.reported.load(Relaxed)
    }

    /// Adds what is known of the request to an event. The query and the headers are left out: they may hold secrets.
    pub(crate) fn describe(&self, event: &mut Event<'static>) {
        event.transaction = Some(self.transaction.clone());
        event.request = Some(Request {
            method: Some(self.method.clone()),
            ..Request::default()
        });
        event.extra.insert("path".into(), self.path.clone().into());
    }

    pub(crate) fn mark_reported(&self) {
        self.reported.store(true, Relaxed);
    }
}

/// Returns the request that this thread works for.
pub(crate) fn current() -> Option<Arc<CurrentRequest>> {
    let last = ENTERED.try_with(|entered| entered.try_borrow().ok()?.last().cloned());
    last.ok().flatten()
}

thread_local! {
    /// The requests that this thread has entered, innermost last.
    static ENTERED: RefCell<Vec<Arc<CurrentRequest>>> = const { RefCell::new(Vec::new()) };
}
