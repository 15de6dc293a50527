//! Messages as bodies of requests.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Collected;

use super::Refusal;
use crate::io::http_client::TooLong;

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
        return message(response).ok_or_else(Refusal::of_a_stranger);
    }
    let transient = is_transient(status);
    let asks_for = retry_after(response.headers(), SystemTime::now());
    Err(Refusal {
        reason: format!("the collector answered {status}"),
        transient,
        asks_for: asks_for.filter(|_| transient),
    })
}

/// Returns the body of a success, unless it is of another protocol. Some collectors answer in JSON whatever they are sent; that
/// all was accepted is understood.
fn message(response: Response<Collected<Bytes>>) -> Option<Bytes> {
    let (head, body) = response.into_parts();
    let body = body.to_bytes();
    if head.extensions.get::<TooLong>().is_some() {
        return None;
    }
    let Some(content_type) = head.headers.get(header::CONTENT_TYPE) else {
        return Some(body);
    };
    let media_type = content_type.as_bytes().split(|byte| *byte == b';').next()?;
    match media_type.trim_ascii().to_ascii_lowercase().as_slice() {
        _ if body.is_empty() => Some(body),
        b"application/x-protobuf" | b"application/protobuf" => Some(body),
        b"application/json" if accepts_all(&body) => Some(Bytes::new()),
        _ => None,
    }
}

/// Tells whether an answer in JSON is one that refuses nothing.
fn accepts_all(json: &[u8]) -> bool {
    let dense: Vec<_> = json
        .iter()
        .copied()
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    matches!(&*dense, br"{}" | br#"{"partialSuccess":{}}"#)
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

    /// Makes a response of the collector, and reads it.
    fn answered(
        status: u16,
        headers: &[(header::HeaderName, &str)],
        body: &'static [u8],
    ) -> Result<Bytes, Refusal> {
        let body = http_body_util::Full::new(Bytes::from_static(body));
        let collect = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let Ok(body) = collect.block_on(http_body_util::BodyExt::collect(body));
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        answer(response)
    }

    #[test]
    fn only_what_speaks_the_protocol_took_the_message() {
        let of =
            |content_type: &str, body| answered(200, &[(header::CONTENT_TYPE, content_type)], body);
        let message = b"\x0a\x02\x08\x02";
        for content_type in [
            "application/x-protobuf",
            "Application/X-Protobuf; v=1",
            "application/protobuf",
        ] {
            assert_eq!(
                &*of(content_type, message).unwrap(),
                message,
                "{content_type}"
            );
        }
        assert_eq!(&*answered(200, &[], message).unwrap(), message);
        assert_eq!(&*of("text/html", b"").unwrap(), b"", "nothing is refused");
        for accepted in [&b"{}"[..], b"{ \"partialSuccess\": {} }\n"] {
            assert_eq!(
                &*of("application/json; charset=utf-8", accepted).unwrap(),
                b""
            );
        }
        let refusing = br#"{"partialSuccess":{"rejectedSpans":"3"}}"#;
        for (content_type, body) in [
            ("text/html", &b"<html>"[..]),
            ("text/plain", message),
            ("application/json", refusing),
        ] {
            let refusal = of(content_type, body).unwrap_err();
            assert_eq!(refusal, Refusal::of_a_stranger(), "{content_type}");
        }
    }

    #[test]
    fn only_who_may_take_it_later_says_when() {
        let pause = [(header::RETRY_AFTER, "3600")];
        for (status, asks_for) in [
            (400, None),
            (401, None),
            (404, None),
            (413, None),
            (429, Some(3_600)),
            (500, None),
            (501, None),
            (502, Some(3_600)),
            (503, Some(3_600)),
            (504, Some(3_600)),
        ] {
            let refusal = answered(status, &pause, b"").unwrap_err();
            let asks_for = asks_for.map(Duration::from_secs);
            assert_eq!(refusal.asks_for, asks_for, "{status}");
            assert_eq!(refusal.transient, asks_for.is_some(), "{status}");
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
