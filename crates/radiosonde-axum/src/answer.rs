//! Bodies into responses: status, form and headers.

use std::fmt::Display;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::bodies::UnknownCheck;
use crate::draft::Draft;
use crate::format::Format;

/// What can be answered in every form: as JSON by `Serialize`, as text by `Display`, and as the draft has it.
pub(crate) trait Body: Serialize + Display {
    fn passed(&self) -> bool;

    fn draft(&self) -> Draft;
}

/// Answers 200 or 503, in the form that was asked for.
pub(crate) fn respond(body: &impl Body, format: Format) -> Response {
    let status = if body.passed() {
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

fn with_body(status: StatusCode, body: &impl Body, format: Format) -> Response {
    match format {
        Format::Json => (status, Json(body)).into_response(),
        Format::Text => (status, body.to_string()).into_response(),
        Format::Draft => {
            let content_type = HeaderValue::from_static("application/health+json");
            let mut response = (status, Json(body.draft())).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, content_type);
            response
        }
    }
}
