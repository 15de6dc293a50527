//! `/admin/log-filter`: which events become lines, to be seen and changed for some time.

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::RawQuery;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::{HeaderValue, StatusCode, header};

use super::{LogControl, LogFilter, LogFilterError, LogFilterState, escape};

/// Answers for the filter: `GET` shows it, `PUT` takes directives as its body, for as long as `?for=` says or ten minutes, and
/// `DELETE` takes them back.
pub(crate) fn log_filter_methods(control: &LogControl) -> MethodRouter {
    let filter = control.filter().clone();
    let (shown, set, reset) = (filter.clone(), filter.clone(), filter);
    get(async move || answer(Ok(shown.state())))
        .put(async move |RawQuery(query): RawQuery, directives: String| {
            answer(change(&set, query.as_deref(), directives.trim()))
        })
        .delete(async move || answer(reset.restore().map(|()| reset.state())))
}

fn change(
    filter: &LogFilter,
    query: Option<&str>,
    directives: &str,
) -> Result<LogFilterState, LogFilterError> {
    let mut pairs = query.unwrap_or_default().split('&');
    let lifetime = match pairs.find_map(|pair| pair.strip_prefix("for=")) {
        None => DEFAULT_LIFETIME,
        Some(text) => humantime::parse_duration(text).map_err(|_| LogFilterError::Lifetime)?,
    };
    filter.set(directives, lifetime)
}

fn answer(state: Result<LogFilterState, LogFilterError>) -> Response {
    let (status, text) = match state {
        Ok(LogFilterState {
            directives,
            expires_in,
        }) => {
            let mut json = String::from("{\"directives\":\"");
            escape::json(&directives, &mut json);
            json.push('"');
            if let Some(left) = expires_in {
                // Writing to a `String` cannot fail.
                let _ = write!(json, ",\"expires_in_seconds\":{}", left.as_secs());
            }
            json.push_str("}\n");
            let mut response = json.into_response();
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            return response;
        }
        Err(error @ (LogFilterError::Ended | LogFilterError::NoThread { .. })) => {
            (StatusCode::SERVICE_UNAVAILABLE, error)
        }
        Err(error) => (StatusCode::BAD_REQUEST, error),
    };
    (status, format!("{text}\n")).into_response()
}

/// Long enough to look, and short enough to be forgotten.
const DEFAULT_LIFETIME: Duration = Duration::from_mins(10);
