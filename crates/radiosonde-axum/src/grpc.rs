//! The gRPC health protocol, `grpc.health.v1.Health`, fed from the same states as the probes.
//!
//! It is spoken by us over the router, without `tonic` and without generated code: two methods, and two messages of one
//! field each.

use std::collections::HashSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use radiosonde_health::Health;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

/// The routes of the protocol, as `Endpoints::grpc_health` has them.
pub(crate) const CHECK: &str = "/grpc.health.v1.Health/Check";
pub(crate) const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Returns the router of the protocol: for the server as a whole, whose name is empty, and for these services.
pub(crate) fn router<S>(health: &Health, services: HashSet<String>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let (told, changes) = watch::channel(());
    health.on_change(move |_| {
        told.send_replace(());
    });
    let state = Arc::new(Shared {
        health: health.clone(),
        services,
        changes,
    });
    Router::new()
        .route(CHECK, post(check))
        .route(WATCH, post(watch_changes))
        .with_state(state)
}

struct Shared {
    health: Health,
    services: HashSet<String>,
    /// Tells that something is other than it was.
    changes: watch::Receiver<()>,
}

/// What a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serving {
    Yes,
    No,
    /// There is no such service. Only `Watch` says so.
    UnknownService,
}

impl Shared {
    /// Answers for a service; none if there is no such one.
    async fn serving(&self, service: &str) -> Option<Serving> {
        if !service.is_empty() && !self.services.contains(service) {
            return None;
        }
        let ready = self.health.readiness().await.ready;
        Some(if ready { Serving::Yes } else { Serving::No })
    }
}

async fn check(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let service = match asked(request).await {
        Ok(service) => service,
        Err(response) => return response,
    };
    match shared.serving(&service).await {
        Some(serving) => {
            let (send, frames) = mpsc::channel(2);
            // There is room for both.
            let _ = send.try_send(message(serving));
            let _ = send.try_send(Frame::trailers(status(OK)));
            stream(frames)
        }
        None => ended(NOT_FOUND),
    }
}

async fn watch_changes(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let service = match asked(request).await {
        Ok(service) => service,
        Err(response) => return response,
    };
    let (send, frames) = mpsc::channel(1);
    tokio::spawn(tell(shared, service, send));
    stream(frames)
}

/// Sends what a service is, and each time that it is something else, until the client is gone or the service drains.
async fn tell(shared: Arc<Shared>, service: String, send: mpsc::Sender<Frame<Bytes>>) {
    let mut changes = shared.changes.clone();
    let draining = shared.health.draining();
    tokio::pin!(draining);
    let mut told = None;
    loop {
        changes.mark_unchanged();
        let serving = shared.serving(&service).await;
        let serving = serving.unwrap_or(Serving::UnknownService);
        if told != Some(serving) {
            if send.send(message(serving)).await.is_err() {
                return;
            }
            told = Some(serving);
        }
        tokio::select! {
            () = send.closed() => return,
            // A stream that never ends would hold the drain up to its end. The client asks another one.
            () = &mut draining => break,
            _ = changes.changed() => {}
            // A result grows stale without a change, until somebody looks.
            () = sleep(LOOK) => {}
        }
    }
    let now = shared.serving(&service).await;
    if let Some(serving) = now
        && told != Some(serving)
    {
        let _ = send.send(message(serving)).await;
    }
    let _ = send.send(Frame::trailers(status(UNAVAILABLE))).await;
}

/// Reads the name of the service that is asked for, or says what is wrong.
async fn asked(request: Request) -> Result<String, Response> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_grpc =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if !is_grpc {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let body = to_bytes(request.into_body(), LONGEST_REQUEST).await;
    let body = body.map_err(|_| ended(INVALID_ARGUMENT))?;
    let (prefix, message) = body
        .split_at_checked(5)
        .ok_or_else(|| ended(INVALID_ARGUMENT))?;
    if prefix[0] != 0 {
        // Compressed, which we do not offer.
        return Err(ended(UNIMPLEMENTED));
    }
    let length = usize::try_from(u32::from_be_bytes([
        prefix[1], prefix[2], prefix[3], prefix[4],
    ]));
    if length != Ok(message.len()) {
        return Err(ended(INVALID_ARGUMENT));
    }
    service_of(message).ok_or_else(|| ended(INVALID_ARGUMENT))
}

/// Reads `HealthCheckRequest`: the last field 1, which is a text. Others are skipped.
fn service_of(mut message: &[u8]) -> Option<String> {
    let mut service = "";
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        match tag & 7 {
            0 => drop(varint(&mut message)?),
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                let (field, rest) = message.split_at_checked(length)?;
                message = rest;
                if tag >> 3 == 1 {
                    service = std::str::from_utf8(field).ok()?;
                }
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(service.to_owned())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Makes `HealthCheckResponse`, not compressed.
fn message(serving: Serving) -> Frame<Bytes> {
    let number = match serving {
        Serving::Yes => 1,
        Serving::No => 2,
        Serving::UnknownService => 3,
    };
    Frame::data(Bytes::from(vec![0, 0, 0, 0, 2, 0x08, number]))
}

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static(code))])
}

/// Answers with a status and no message.
fn ended(code: &'static str) -> Response {
    let mut response = Body::empty().into_response();
    response.headers_mut().extend(status(code));
    with_content_type(response)
}

fn stream(frames: mpsc::Receiver<Frame<Bytes>>) -> Response {
    with_content_type(Body::new(Frames(frames)).into_response())
}

fn with_content_type(mut response: Response) -> Response {
    let content_type = HeaderValue::from_static("application/grpc");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    response
}

/// A body that comes through a channel.
struct Frames(mpsc::Receiver<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

const GRPC_STATUS: http::HeaderName = http::HeaderName::from_static("grpc-status");
const OK: &str = "0";
const INVALID_ARGUMENT: &str = "3";
const NOT_FOUND: &str = "5";
const UNIMPLEMENTED: &str = "12";
const UNAVAILABLE: &str = "14";

/// The names of services are short.
const LONGEST_REQUEST: usize = 4096;

const LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_among_fields_of_later_versions() {
        let of = |message: &[u8]| service_of(message);
        assert_eq!(of(b""), Some(String::new()));
        assert_eq!(of(b"\x0a\x05stock"), Some("stock".into()));
        // A number, eight bytes, a text of another number, four bytes; then the name.
        let later = b"\x10\x96\x01\x19abcdefgh\x22\x02xy\x2dabcd\x0a\x01s";
        assert_eq!(of(later), Some("s".into()));
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_refused() {
        for wrong in [
            &b"\x0a"[..],
            b"\x0a\x05stoc",
            b"\x0a\x02\xff\xfe",
            b"\x0b",
            b"\x19abc",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert_eq!(service_of(wrong), None, "{wrong:?}");
        }
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..100_000 {
            let length = random.usize(..20);
            let bytes: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            let _ = service_of(&bytes);
        }
    }
}
