//! A layer that wraps service, future and body, and does nothing.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

#[derive(Clone, Copy)]
pub(crate) struct ThroughLayer;

impl<S> Layer<S> for ThroughLayer {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through(inner)
    }
}

#[derive(Clone)]
pub(crate) struct Through<S>(S);

impl<S, B, R> Service<Request<B>> for Through<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ThroughBody<R>>;
    type Error = S::Error;
    type Future = ThroughFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ThroughFuture {
            inner: self.0.call(request),
        }
    }
}

pin_project! {
    pub(crate) struct ThroughFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, R, E> Future for ThroughFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ThroughBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(cx))?;
        Poll::Ready(Ok(response.map(|inner| ThroughBody { inner })))
    }
}

pin_project! {
    pub(crate) struct ThroughBody<B> {
        #[pin]
        inner: B,
    }
}

impl<B: Body> Body for ThroughBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
