//! What a service says of the request that it works for.

use std::error::Error;

use super::User;
use super::current::with_notes;
use super::exception;
use super::report::{MAX_FIELD, cut};

/// Says who the current request is for. Reports of what happens in it from here on name the user; those of other requests do
/// not.
///
/// Outside of a request, and without a DSN, it does nothing.
///
/// # Examples
///
/// ```
/// use radiosonde::errors::{User, set_tag, set_user};
///
/// async fn order() -> &'static str {
///     set_user(User::new("4711"));
///     set_tag("tenant", "acme");
///     "an order"
/// }
/// ```
pub fn set_user(user: User) {
    with_notes(|noted| noted.user = Some(user.0));
}

/// Adds a tag to the reports of what happens in the current request from here on. Sentry finds events by their tags; it takes
/// names up to 32 and values up to 200 characters.
///
/// A request has 50 tags at most. Outside of a request, and without a DSN, it does nothing.
pub fn set_tag(name: impl Into<String>, value: impl Into<String>) {
    let (name, value) = (cut(&name.into(), MAX_FIELD), cut(&value.into(), MAX_FIELD));
    with_notes(|noted| {
        if noted.tags.len() < MOST_TAGS || noted.tags.contains_key(&name) {
            noted.tags.insert(name, value);
        }
    });
}

/// Says what the current request is about to fail with: if its response is one of failure, or breaks off, the report of that has
/// this error and its causes. Otherwise nothing is reported. A body that breaks off has an error by itself, which this one replaces.
///
/// Its place is where an error becomes a response. Of several errors the last one counts. One that is logged at `ERROR` is
/// reported by itself, and the response not again.
///
/// # Examples
///
/// ```
/// use axum::http::StatusCode;
/// use axum::response::{IntoResponse, Response};
///
/// struct Failed(std::io::Error);
///
/// impl IntoResponse for Failed {
///     fn into_response(self) -> Response {
///         radiosonde::errors::set_cause(&self.0);
///         StatusCode::INTERNAL_SERVER_ERROR.into_response()
///     }
/// }
/// ```
pub fn set_cause(error: &(dyn Error + 'static)) {
    if with_notes(|_| ()).is_some() {
        // Outside of the notes: how an error is written is the service's code.
        let cause = exception::chain(error);
        with_notes(|noted| noted.cause = cause);
    }
}

const MOST_TAGS: usize = 50;
