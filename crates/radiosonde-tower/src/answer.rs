//! What a request asks for, and what the head of an answer says.

use http::{HeaderMap, Method, header};

/// What a method asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A head and a body.
    Body,
    /// A head without the body it describes: `HEAD`.
    HeadOnly,
    /// Another protocol, if it succeeds: `CONNECT`.
    Tunnel,
}

impl Answer {
    pub(crate) fn to(method: &Method) -> Self {
        match *method {
            Method::HEAD => Self::HeadOnly,
            Method::CONNECT => Self::Tunnel,
            _ => Self::Body,
        }
    }
}

/// Tells whether the body is a stream of events, by its content type.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&[][..], |value| value.as_bytes());
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

/// Returns how long the body is to be, where the head says so.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
