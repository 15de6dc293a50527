//! Messages as bodies of requests.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Collected;

use super::Refusal;

/// Says what the bodies are.
pub(super) fn describe(request: &mut Request<()>, gzip: bool) {
    let headers = request.headers_mut();
    let protobuf = HeaderValue::from_static("application/x-protobuf");
    headers.insert(header::CONTENT_TYPE, protobuf);
    if gzip {
        let gzip = HeaderValue::from_static("gzip");
        headers.insert(header::CONTENT_ENCODING, gzip);
    }
}

/// Returns the message of a response.
///
/// # Errors
///
/// Returns what a response of failure says.
pub(super) fn answer(response: Response<Collected<Bytes>>) -> Result<Bytes, Refusal> {
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body().to_bytes());
    }
    Err(Refusal {
        reason: format!("the collector answered {status}"),
        transient: is_transient(status),
        asks_for: retry_after(response.headers(), SystemTime::now()),
    })
}

/// Tells whether the specification has a client try again.
pub(super) fn is_transient(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Reads `Retry-After`, which is a number of seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
        let headers = [(header::RETRY_AFTER, text.parse().unwrap())];
        retry_after(&headers.into_iter().collect(), now)
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_as_a_date() {
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        let tomorrow = "Fri, 02 Jan 1970 00:01:00 GMT";
        assert_eq!(asked(tomorrow), Some(Duration::from_mins(1)));
        let yesterday = "Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(asked(yesterday), Some(Duration::ZERO));
        for nonsense in ["", "-1", "soon", "99999999999999999999"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn four_statuses_are_worth_another_try() {
        let statuses = (100..600).filter_map(|code| StatusCode::from_u16(code).ok());
        let again: Vec<_> = statuses
            .filter(|status| is_transient(*status))
            .map(|status| status.as_u16())
            .collect();
        assert_eq!(again, [429, 502, 503, 504]);
    }
}
