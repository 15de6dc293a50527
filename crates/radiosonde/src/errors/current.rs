//! The request that this thread works for, as reports describe it.

use radiosonde_tower::{CurrentRequest, with_current_request};

use super::event::{Event, Request};
use super::report::bounded;

/// Left with a request in which something was reported.
#[derive(Debug, Clone, Copy)]
struct Reported;

/// Adds what is known of the current request to an event, and takes note that something was reported in it.
///
/// The query and the headers are left out: they may hold secrets.
///
/// Returns the route.
pub(super) fn describe(event: &mut Event) -> Option<&'static str> {
    with_current_request(|request| {
        event.transaction = Some(transaction(request.method(), request.route()));
        event.request = Some(Request {
            method: request.method().into(),
            url: Some(bounded(path(request))),
            ..Request::default()
        });
        request.extensions_mut().insert(Reported);
        request.route()
    })
}

/// Tells whether something that happened in the current request was reported.
pub(super) fn was_reported() -> bool {
    let reported = |request: &mut CurrentRequest| request.extensions().get::<Reported>().is_some();
    with_current_request(reported).unwrap_or(false)
}

/// Returns what Sentry calls the transaction: method and route.
pub(super) fn transaction(method: &str, route: &str) -> String {
    match route {
        "" => method.to_owned(),
        route => format!("{method} {route}"),
    }
}

fn path(request: &CurrentRequest) -> &str {
    let target = request.target();
    target.split_once('?').map_or(target, |(path, _)| path)
}
