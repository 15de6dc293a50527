//! What the service does: every way in which a request can end.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::time::sleep;

/// The routes of the service.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .route("/slow", get(slow))
        .route("/stream", get(pieces))
        .route("/events", get(events))
        .route("/fail", get(fail))
        .route("/panic", get(panic))
}

async fn hello(Path(name): Path<String>) -> String {
    tracing::info!(name, "somebody said hello");
    format!("Hello, {name}!\n")
}

async fn slow() -> &'static str {
    sleep(Duration::from_millis(500)).await;
    "That took half a second.\n"
}

/// Answers at once and goes on for a second: the request ends with its last piece.
async fn pieces() -> Body {
    Body::from_stream(piece_by_piece())
}

fn piece_by_piece() -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(1, |piece| async move {
        if piece > 10 {
            return None;
        }
        sleep(Duration::from_millis(100)).await;
        Some((Ok(Bytes::from(format!("piece {piece} of 10\n"))), piece + 1))
    })
}

/// An event every tenth of a second, as long as somebody listens. The request is timed to its head, and the stream apart.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold(1, |number| async move {
        sleep(Duration::from_millis(100)).await;
        let event = Event::default().data(format!("event {number}"));
        Some((Ok(event), number + 1))
    }))
}

async fn fail() -> (StatusCode, &'static str) {
    let error = std::io::Error::other("the database is on fire");
    tracing::error!(
        error = &error as &dyn std::error::Error,
        "the order could not be stored"
    );
    (StatusCode::INTERNAL_SERVER_ERROR, "That did not work.\n")
}

async fn panic() -> &'static str {
    panic!("this handler always panics");
}
