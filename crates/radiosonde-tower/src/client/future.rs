//! The future: the head of the response is awaited.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::call::OpenCall;
use super::observation::Stop;
use super::{ClientBody, ClientErrorType};

pin_project! {
    /// Waits for the head of a response. Made by [`ObserveClient`](super::ObserveClient).
    #[derive(Debug)]
    pub struct ClientResponseFuture<F> {
        // None only while it is dropped.
        #[pin]
        inner: Option<F>,
        call: Option<OpenCall>,
    }

    impl<F> PinnedDrop for ClientResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(call) = this.call {
                call.run(|| this.inner.set(None));
            }
        }
    }
}

impl<F> ClientResponseFuture<F> {
    pub(super) fn new(inner: F, call: OpenCall) -> Self {
        Self {
            inner: Some(inner),
            call: Some(call),
        }
    }
}

impl<F, R, E> ClientResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    /// Polls, and closes the request by what `error_type` says of an error.
    pub(super) fn poll_with(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        error_type: impl FnOnce(&E) -> ClientErrorType,
    ) -> Poll<Result<Response<ClientBody<R>>, E>> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let result = match this.call {
            Some(call) => ready!(call.run(|| inner.poll(cx))),
            // It was polled after it had ended, which is between the caller and the future inside.
            None => ready!(inner.poll(cx)),
        };
        Poll::Ready(match (result, this.call.take()) {
            (Ok(response), call) => Ok(ClientBody::of(response, call)),
            (Err(error), call) => {
                if let Some(call) = call {
                    call.close(Stop::Failed(error_type(&error)));
                }
                Err(error)
            }
        })
    }
}

impl<F, R, E> Future for ClientResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<ClientBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_with(cx, |_| ClientErrorType::Inner)
    }
}
