//! A body that is told what to do, piece by piece.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// What a body does when it is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece {
    /// Sends this.
    Data(Bytes),
    /// Not yet, but soon: what came before is on its way to the client.
    Wait,
    /// Never: the client has to leave.
    Hang,
    /// Sends trailers, one of them a status of gRPC.
    Trailers,
    /// Fails with [`BrokenOff`].
    Fail,
    /// Panics with `in body`.
    Panic,
}

impl Piece {
    /// Makes a piece of text.
    #[must_use]
    pub fn text(text: &'static str) -> Self {
        Self::Data(Bytes::from_static(text.as_bytes()))
    }
}

/// A body of pieces.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    left: VecDeque<Piece>,
    /// Whether it says how long it is, and when it has ended.
    knows_itself: bool,
}

impl Pieces {
    /// Makes a body that knows neither its length nor that it has ended.
    pub fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self {
            left: pieces.into_iter().collect(),
            knows_itself: false,
        }
    }

    /// Lets it know both.
    #[must_use]
    pub fn that_knows_itself(mut self) -> Self {
        self.knows_itself = true;
        self
    }
}

/// The error of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken off")
    }
}

impl Error for BrokenOff {}

impl Pieces {
    /// Returns how many bytes it sends, and whether it then ends as it should.
    pub(super) fn whole(&self) -> (usize, bool) {
        let bytes = self.left.iter().map(|piece| match piece {
            Piece::Data(data) => data.len(),
            _ => 0,
        });
        (bytes.sum(), !self.left.contains(&Piece::Fail))
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        Poll::Ready(match self.left.pop_front() {
            None => None,
            Some(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Piece::Trailers) => Some(Ok(Frame::trailers(trailers()))),
            Some(Piece::Fail) => Some(Err(BrokenOff)),
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
