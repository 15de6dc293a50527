//! The service: a request arrives.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::layer::Shared;
use crate::observation::Stop;
use crate::open::OpenRequest;
use crate::{ObservedBody, ResponseFuture};

/// Observes the requests of the service inside it. Made by [`ObserveLayer`](crate::ObserveLayer).
#[derive(Debug, Clone, Copy)]
pub struct Observe<S> {
    inner: S,
    shared: &'static Shared,
}

impl<S> Observe<S> {
    pub(crate) fn new(inner: S, shared: &'static Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for Observe<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ObservedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        match OpenRequest::arrive(self.shared, &request) {
            Some(open) if open.is_followed() => self.call_followed(request, open),
            open => {
                let mut called = Called(open);
                // Futures are large: this one is made where it is to be.
                ResponseFuture {
                    inner: Some(self.inner.call(request)),
                    open: called.0.take(),
                }
            }
        }
    }
}

impl<S> Observe<S> {
    fn call_followed<B>(
        &mut self,
        request: Request<B>,
        mut open: OpenRequest,
    ) -> ResponseFuture<S::Future>
    where
        S: Service<Request<B>>,
    {
        ResponseFuture {
            inner: Some(open.run(|| self.inner.call(request))),
            open: Some(open),
        }
    }
}

/// A request that nobody follows, while the service inside is called with it: what drops it then is a panic.
struct Called(Option<OpenRequest>);

impl Drop for Called {
    fn drop(&mut self) {
        if let Some(open) = &mut self.0 {
            open.close(Stop::Unwound);
        }
    }
}
