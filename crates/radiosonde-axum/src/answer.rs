//! Bodies into responses: status, form and headers.

use std::fmt::Display;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::bodies::UnknownCheck;
use crate::format::Format;

/// Answers 200 or 503, in the form that was asked for.
pub(crate) fn respond(passed: bool, body: &(impl Serialize + Display), format: Format) -> Response {
    let status = if passed {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    with_body(status, body, format)
}

/// Answers 404, without saying what was asked for.
pub(crate) fn unknown_check(format: Format) -> Response {
    with_body(StatusCode::NOT_FOUND, &UnknownCheck::new(), format)
}

/// Adds the headers that keep an answer out of caches and out of other sites' guesses.
pub(crate) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn with_body(status: StatusCode, body: &(impl Serialize + Display), format: Format) -> Response {
    match format {
        Format::Json => (status, Json(body)).into_response(),
        Format::Text => (status, body.to_string()).into_response(),
    }
}
