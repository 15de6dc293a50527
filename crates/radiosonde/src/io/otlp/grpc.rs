//! Messages as unary calls of gRPC.
//!
//! A call is a request of HTTP/2 whose body is one message with five bytes before it, and whose verdict stands in the
//! trailers. That is all that OTLP needs of gRPC, so it is done here: see `docs/decisions/`.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Collected;
use prost::Message;

use super::{Refusal, http_protobuf};
use crate::io::HttpClient;
use crate::io::http_client::TooLong;

/// Says what the bodies are.
pub(super) fn describe(request: &mut Request<()>, gzip: bool, timeout: Duration) {
    *request.version_mut() = http::Version::HTTP_2;
    let headers = request.headers_mut();
    let grpc = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, grpc);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    if gzip {
        headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    }
    // At most eight digits.
    let milliseconds = timeout.as_millis().min(99_999_999);
    if let Ok(timeout) = format!("{milliseconds}m").try_into() {
        headers.insert("grpc-timeout", timeout);
    }
}

/// Makes a call of another service than a collector's, and returns its answer. How long that takes is enforced by the caller,
/// and told to the server.
///
/// # Errors
///
/// Returns why there is none, in words for the log.
pub(crate) async fn call<A: Message + Default>(
    client: &HttpClient,
    method: Uri,
    message: &impl Message,
    timeout: Duration,
) -> Result<A, String> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = method;
    describe(&mut request, false, timeout);
    let body = frame(&message.encode_to_vec(), false)?;
    let response = client.exchange(request.map(|()| body)).await;
    let response = response.map_err(|error| error.to_string())?;
    let body = answer(response).map_err(|refusal| refusal.reason)?;
    A::decode(body).map_err(|error| error.to_string())
}

/// Puts the five bytes before a message: whether it is compressed, and its length.
///
/// # Errors
///
/// Returns why there can be no such message.
pub(super) fn frame(message: &[u8], compressed: bool) -> Result<Bytes, String> {
    let length = u32::try_from(message.len()).map_err(|_| "the message is too long")?;
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(compressed.into());
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// Returns the message of a response.
///
/// # Errors
///
/// Returns what a response of failure says.
pub(super) fn answer(response: Response<Collected<Bytes>>) -> Result<Bytes, Refusal> {
    let status = response.status();
    if !status.is_success() {
        return Err(Refusal {
            reason: format!("the collector answered {status}"),
            transient: http_protobuf::is_transient(status),
            asks_for: None,
        });
    }
    let (head, body) = response.into_parts();
    let is_too_long = head.extensions.get::<TooLong>().is_some();
    // A call that fails at once has its verdict in the head.
    let verdict = body
        .trailers()
        .and_then(|trailers| Some((code(trailers)?, trailers.clone())));
    let verdict = verdict.or_else(|| Some((code(&head.headers)?, head.headers)));
    let Some((code, verdict)) = verdict else {
        return Err(Refusal {
            reason: "the collector answered without a status of gRPC".into(),
            transient: false,
            asks_for: None,
        });
    };
    if code == OK {
        let message = unframed(body.to_bytes()).filter(|_| !is_too_long);
        return message.ok_or_else(Refusal::of_a_stranger);
    }
    let asks_for = retry_delay(&verdict);
    let transient = match code {
        CANCELLED | DEADLINE_EXCEEDED | ABORTED | OUT_OF_RANGE | UNAVAILABLE | DATA_LOSS => true,
        // Without a word on when to come back it means never.
        RESOURCE_EXHAUSTED => asks_for.is_some(),
        _ => false,
    };
    Err(Refusal {
        reason: format!("the collector answered with status {code} of gRPC"),
        transient,
        asks_for: asks_for.filter(|_| transient),
    })
}

fn code(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// Takes the five bytes off a message. No message at all is an empty one; one that is compressed, which nobody asked for, or
/// shorter than it says, is none.
fn unframed(mut body: Bytes) -> Option<Bytes> {
    if body.is_empty() {
        return Some(body);
    }
    if body.len() < PREFIX || body.get_u8() != 0 {
        return None;
    }
    let length = usize::try_from(body.get_u32()).ok()?;
    (length <= body.len()).then(|| body.split_to(length))
}

/// Reads how long the collector wants to be left alone from the details of a status.
fn retry_delay(headers: &HeaderMap) -> Option<Duration> {
    let details = headers.get("grpc-status-details-bin")?;
    let status = Status::decode(&*base64(details.as_bytes())?).ok()?;
    let info = status.details.into_iter().find(|detail| {
        let name = detail.type_url.rsplit('/').next();
        name == Some("google.rpc.RetryInfo")
    })?;
    let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay?;
    Some(Duration::new(
        delay.seconds.try_into().ok()?,
        delay.nanos.try_into().ok()?,
    ))
}

/// Decodes base64, with or without the padding at its end.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut group, mut bits) = (0_u32, 0);
    for digit in text.iter().take_while(|digit| **digit != b'=') {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        group = group << 6 & 0xffff | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(group >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// `google.rpc.Status`: what `grpc-status-details-bin` holds.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

const PREFIX: usize = 5;

// The codes of gRPC that decide something here.
const OK: u32 = 0;
const CANCELLED: u32 = 1;
const DEADLINE_EXCEEDED: u32 = 4;
const RESOURCE_EXHAUSTED: u32 = 8;
const ABORTED: u32 = 10;
const OUT_OF_RANGE: u32 = 11;
const UNAVAILABLE: u32 = 14;
const DATA_LOSS: u32 = 15;

#[cfg(test)]
mod tests;
