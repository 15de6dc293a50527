//! The body: the response is read to its end, or not.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::ClientErrorType;
use super::call::{OpenCall, Rest};
use super::observation::Stop;

pin_project! {
    /// A response body whose end closes the request. Made by [`ClientResponseFuture`](super::ClientResponseFuture).
    ///
    /// Frames, trailers, size hint and end of stream are those of the body inside.
    #[derive(Debug)]
    pub struct ClientBody<B> {
        // None only while it is dropped.
        #[pin]
        inner: Option<B>,
        call: Option<OpenCall>,
        // Bytes still to come, where the length is known: who has them all may stop reading.
        left: Option<u64>,
    }

    impl<B> PinnedDrop for ClientBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(call) = this.call {
                call.run(|| this.inner.set(None));
            }
        }
    }
}

impl<B: Body> ClientBody<B> {
    /// Hands the call over to the body of its response, or closes it where nothing is to come.
    pub(super) fn of(response: Response<B>, call: Option<OpenCall>) -> Response<Self> {
        let (head, body) = response.into_parts();
        let mut left = None;
        let call = call.and_then(|mut call| {
            // The status of a call of gRPC comes behind its last byte.
            let (size, is_end) = call.ask(|| (body.size_hint().exact(), body.is_end_stream()));
            let size = size.filter(|_| call.ends_by_length());
            match call.head(&head, is_end || size == Some(0)) {
                Rest::Nothing(stop) => {
                    call.close(stop);
                    None
                }
                Rest::Body => {
                    left = size;
                    Some(call)
                }
            }
        });
        let inner = Some(body);
        Response::from_parts(head, Self { inner, call, left })
    }
}

impl<B: Default> Default for ClientBody<B> {
    fn default() -> Self {
        Self {
            inner: Some(B::default()),
            call: None,
            left: None,
        }
    }
}

impl<B: Body> Body for ClientBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(call) = this.call else {
            return inner.poll_frame(cx);
        };
        let frame = ready!(call.run(|| inner.as_mut().poll_frame(cx)));
        let broken = Stop::Failed(ClientErrorType::Body);
        let stop = match &frame {
            None if this.left.is_some_and(|left| left > 0) => Some(broken),
            None => Some(Stop::Complete),
            Some(Err(_)) => Some(broken),
            Some(Ok(frame)) => {
                call.frame(frame);
                let all = frame.is_trailers() || take(this.left, frame);
                let all = all || call.ask(|| inner.is_end_stream());
                all.then_some(Stop::Complete)
            }
        };
        if let Some(stop) = stop
            && let Some(call) = this.call.take()
        {
            call.close(stop);
        }
        Poll::Ready(frame)
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

/// Takes the bytes of a frame off what is left, and tells whether nothing is.
fn take<D: Buf>(left: &mut Option<u64>, frame: &Frame<D>) -> bool {
    let Some(left) = left else {
        return false;
    };
    let bytes = frame.data_ref().map_or(0, |data| data.remaining() as u64);
    *left = left.saturating_sub(bytes);
    *left == 0
}
