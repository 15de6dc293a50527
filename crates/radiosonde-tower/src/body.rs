//! The body: the response is sent to its end, or not.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::observation::Stop;
use crate::open::OpenRequest;

pin_project! {
    /// A response body whose end closes the request. Made by [`ResponseFuture`](crate::ResponseFuture).
    ///
    /// Frames, trailers, size hint and end of stream are those of the body inside. An error is its error too, in the box that
    /// servers put it in: what follows the request is to read it and the causes of it, whatever its type is.
    #[derive(Debug)]
    pub struct ObservedBody<B> {
        // None only while it is dropped.
        #[pin]
        inner: Option<B>,
        open: Option<OpenRequest>,
        // Bytes still to come, where the length is known: a server stops reading when it has them all.
        left: Option<u64>,
        sent: u64,
    }

    impl<B> PinnedDrop for ObservedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open.as_mut().filter(|open| open.is_open()) {
                open.sent(*this.sent);
                open.run(|| this.inner.set(None));
            }
        }
    }
}

impl<B> ObservedBody<B> {
    pub(crate) fn new(inner: B, open: Option<OpenRequest>, bytes: Option<u64>) -> Self {
        Self {
            inner: Some(inner),
            open,
            left: bytes,
            sent: 0,
        }
    }
}

impl<B: Default> Default for ObservedBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None, None)
    }
}

impl<B> Body for ObservedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(open) = this.open.as_mut().filter(|open| open.is_open()) else {
            return inner.poll_frame(cx).map_err(Into::into);
        };
        // The frame is large: it goes straight to whoever asked.
        let error = match ready!(open.run(|| inner.as_mut().poll_frame(cx))) {
            Some(Ok(frame)) => {
                open.frame(&frame);
                let bytes = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                *this.sent = this.sent.saturating_add(bytes);
                let mut ends = || open.ask(|| inner.is_end_stream());
                if frame.is_trailers() || take(this.left, bytes) || ends() {
                    open.sent(*this.sent);
                    open.close(Stop::Complete);
                }
                return Poll::Ready(Some(Ok(frame)));
            }
            Some(Err(error)) => Some(open.run(|| error.into())),
            None => None,
        };
        open.sent(*this.sent);
        match &error {
            Some(error) => open.break_off(&**error),
            // A server cannot make up for bytes that were announced and did not come: it breaks the connection.
            None if this.left.is_some_and(|left| left > 0) => open.close(Stop::BodyError),
            None => open.close(Stop::Complete),
        }
        Poll::Ready(error.map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// What every server takes the errors of a body as.
type BoxError = Box<dyn Error + Send + Sync>;

/// Takes bytes off what is left, and tells whether nothing is.
fn take(left: &mut Option<u64>, bytes: u64) -> bool {
    let Some(left) = left else {
        return false;
    };
    *left = left.saturating_sub(bytes);
    *left == 0
}
