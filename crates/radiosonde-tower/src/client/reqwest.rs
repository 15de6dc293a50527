//! The layer as a middleware of `reqwest`.

use std::future::poll_fn;
use std::pin::pin;

use ::reqwest::{Body, Request, Response, ResponseBuilderExt as _};
use async_trait::async_trait;
use http::{Extensions, Uri};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::call::OpenCall;
use super::observer::Sent;
use super::{ClientErrorType, ClientResponseFuture, ObserveClientLayer};

#[async_trait]
impl Middleware for ObserveClientLayer {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        // What is no address to `http` is none to reqwest either, and fails there.
        let uri: Uri = request.url().as_str().parse().unwrap_or_default();
        let sent = Sent {
            method: request.method(),
            uri: &uri,
            headers: request.headers(),
            extensions,
        };
        let mut call = OpenCall::depart(self.shared, &sent);
        call.inject(request.headers_mut());
        let next = call.run(|| next.run(request, extensions));
        let response = async { next.await.map(into_http) };
        let mut response = pin!(ClientResponseFuture::new(response, call));
        let response = poll_fn(|cx| response.as_mut().poll_with(cx, error_type)).await?;
        Ok(response.map(Body::wrap).into())
    }
}

/// Takes a response apart, but for its address, which the way back asks for.
fn into_http(response: Response) -> http::Response<Body> {
    let address = http::Response::builder().url(response.url().clone());
    let mut response = http::Response::from(response);
    if let Ok(address) = address.body(()) {
        let address = address.into_parts().0.extensions;
        response.extensions_mut().extend(address);
    }
    response
}

fn error_type(error: &Error) -> ClientErrorType {
    if error.is_connect() {
        ClientErrorType::Connect
    } else if error.is_timeout() {
        ClientErrorType::Timeout
    } else {
        ClientErrorType::Inner
    }
}
