//! A body that is told what to do, piece by piece.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};

use crate::script::Failed;

/// What a body does when it is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Data(Bytes),
    /// Not yet, but soon: what came before is on its way to the client.
    Wait,
    /// Never: the client has to leave.
    Hang,
    Trailers,
    Fail,
    Panic,
}

impl Piece {
    pub(super) fn text(text: &'static str) -> Self {
        Self::Data(Bytes::from_static(text.as_bytes()))
    }
}

/// A body of pieces.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    left: VecDeque<Piece>,
    /// Whether it says how long it is, and when it has ended.
    knows_itself: bool,
}

impl Pieces {
    /// A body that knows neither its length nor that it has ended.
    pub(super) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self {
            left: pieces.into_iter().collect(),
            knows_itself: false,
        }
    }

    pub(super) fn that_knows_itself(mut self) -> Self {
        self.knows_itself = true;
        self
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Failed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        Poll::Ready(match self.left.pop_front() {
            None => None,
            Some(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Piece::Trailers) => Some(Ok(Frame::trailers(trailers()))),
            Some(Piece::Fail) => Some(Err(Failed)),
            Some(Piece::Panic) => panic!("in body"),
            Some(Piece::Wait) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Piece::Hang) => {
                self.left.push_front(Piece::Hang);
                return Poll::Pending;
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.knows_itself && self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if !self.knows_itself {
            return SizeHint::default();
        }
        let lengths = self.left.iter().map(|piece| match piece {
            Piece::Data(data) => data.len() as u64,
            _ => 0,
        });
        SizeHint::with_exact(lengths.sum())
    }
}

fn trailers() -> HeaderMap {
    [("x-checksum", "abc"), ("grpc-status", "0")]
        .map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .into_iter()
        .collect()
}
