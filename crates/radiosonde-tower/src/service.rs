//! The service: a request arrives.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::layer::Shared;
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
        let mut open = OpenRequest::arrive(self.shared, &request);
        let inner = match &mut open {
            Some(open) => open.run(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        ResponseFuture::new(inner, open)
    }
}
