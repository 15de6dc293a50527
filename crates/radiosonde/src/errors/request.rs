//! The request that an error happens in.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use radiosonde_tower::{Arrival, Entered, Observation, Observer, Outcome, Scope};
use sentry_core::protocol::{Event, Level, Request};

use super::Reporter;
use super::report::bounded;

/// Reports requests that failed, unless what made them fail was reported.
#[derive(Debug)]
pub(crate) struct RequestReports(Reporter);

/// A request in flight, as reports describe it.
#[derive(Debug)]
pub(crate) struct CurrentRequest {
    /// Method and route: what Sentry calls the transaction.
    transaction: String,
    method: String,
    path: String,
    reported: AtomicBool,
}

#[derive(Debug)]
struct RequestScope {
    request: Arc<CurrentRequest>,
    reporter: Reporter,
}

impl RequestReports {
    pub(crate) fn new(reporter: Reporter) -> Self {
        Self(reporter)
    }
}

impl Observer for RequestReports {
    fn arrive(&self, request: &Arrival<'_>) -> Option<Box<dyn Scope>> {
        let method = request.method_label();
        let transaction = match request.route() {
            "" => method.to_owned(),
            route => format!("{method} {route}"),
        };
        let request = CurrentRequest {
            transaction,
            method: bounded(request.method().as_str()),
            path: bounded(request.uri().path()),
            reported: AtomicBool::new(false),
        };
        Some(Box::new(RequestScope {
            request: Arc::new(request),
            reporter: self.0.clone(),
        }))
    }
}

impl CurrentRequest {
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

impl Scope for RequestScope {
    fn enter(&self) -> Entered {
        let request = self.request.clone();
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(request));
        Entered::new(|| {
            let _ = ENTERED.try_with(|entered| entered.borrow_mut().pop());
        })
    }

    fn close(self: Box<Self>, observation: &Observation<'_>) {
        let failed = matches!(observation.outcome(), Outcome::Error | Outcome::Panicked);
        if !failed || self.request.reported.load(Relaxed) {
            return;
        }
        let what = match observation.error_type() {
            Some(error) if !observation.has_response() => {
                format!("failed without a response ({error})")
            }
            Some(error) => format!("failed with {error}"),
            None => "failed".into(),
        };
        let event = Event {
            level: Level::Error,
            logger: Some("radiosonde".into()),
            message: Some(format!("{} {what}", self.request.transaction)),
            ..Event::default()
        };
        let _entered = self.enter();
        self.reporter.report(event, None);
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
