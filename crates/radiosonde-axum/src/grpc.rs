//! The gRPC health protocol, `grpc.health.v1.Health`, fed from the same states as the probes.
//!
//! It is spoken by us over the router, without `tonic` and without generated code: three methods, and messages of one field
//! each.

mod messages;

use std::collections::BTreeSet;
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
pub(crate) const LIST: &str = "/grpc.health.v1.Health/List";
pub(crate) const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Returns the router of the protocol: for the server as a whole, whose name is empty, and for these services.
pub(crate) fn router<S>(health: &Health, mut services: BTreeSet<String>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    services.insert(String::new());
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
        .route(LIST, post(list))
        .route(WATCH, post(watch_changes))
        .with_state(state)
}

struct Shared {
    health: Health,
    /// The names that are known, the empty one too.
    services: BTreeSet<String>,
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
        if self.services.contains(service) {
            Some(self.serving_all().await)
        } else {
            None
        }
    }

    async fn serving_all(&self) -> Serving {
        let ready = self.health.readiness().await.ready;
        if ready { Serving::Yes } else { Serving::No }
    }
}

async fn check(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let service = match asked(request).await {
        Ok(service) => service,
        Err(response) => return response,
    };
    let serving = shared.serving(&service).await;
    serving.map_or_else(
        || ended(NOT_FOUND),
        |serving| answer(messages::response(serving)),
    )
}

async fn list(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Err(response) = message(request).await {
        return response;
    }
    let serving = shared.serving_all().await;
    answer(messages::list(&shared.services, serving))
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
            if send
                .send(Frame::data(messages::response(serving)))
                .await
                .is_err()
            {
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
        let _ = send.send(Frame::data(messages::response(serving))).await;
    }
    let _ = send.send(Frame::trailers(status(UNAVAILABLE))).await;
}

/// Reads the name of the service that is asked for, or says what is wrong.
async fn asked(request: Request) -> Result<String, Response> {
    let message = message(request).await?;
    messages::service_of(&message).ok_or_else(|| ended(INVALID_ARGUMENT))
}

/// Reads the one message of a request, or says what is wrong.
async fn message(request: Request) -> Result<Bytes, Response> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_grpc =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if !is_grpc {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let body = to_bytes(request.into_body(), LONGEST_REQUEST).await;
    let body = body.map_err(|_| ended(INVALID_ARGUMENT))?;
    let Some(([compressed, length @ ..], message)) = body.split_first_chunk::<5>() else {
        return Err(ended(INVALID_ARGUMENT));
    };
    if *compressed != 0 {
        // Which we do not offer.
        return Err(ended(UNIMPLEMENTED));
    }
    if usize::try_from(u32::from_be_bytes(*length)) != Ok(message.len()) {
        return Err(ended(INVALID_ARGUMENT));
    }
    Ok(body.slice_ref(message))
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

/// Answers with one message, and that all is well.
fn answer(message: Bytes) -> Response {
    let (send, frames) = mpsc::channel(2);
    // There is room for both.
    let _ = send.try_send(Frame::data(message));
    let _ = send.try_send(Frame::trailers(status(OK)));
    stream(frames)
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
