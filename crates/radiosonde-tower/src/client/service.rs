//! The service: a request departs.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::call::OpenCall;
use super::layer::Shared;
use super::observer::Sent;
use super::{ClientBody, ClientResponseFuture};

/// Observes the requests that the service inside it sends. Made by
/// [`ObserveClientLayer`](super::ObserveClientLayer).
#[derive(Debug, Clone, Copy)]
pub struct ObserveClient<S> {
    inner: S,
    shared: &'static Shared,
}

impl<S> ObserveClient<S> {
    pub(super) fn new(inner: S, shared: &'static Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for ObserveClient<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ClientBody<R>>;
    type Error = S::Error;
    type Future = ClientResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let sent = Sent {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        };
        let mut call = OpenCall::depart(self.shared, &sent);
        call.inject(request.headers_mut());
        let future = call.run(|| self.inner.call(request));
        ClientResponseFuture::new(future, call)
    }
}
