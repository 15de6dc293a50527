//! Requests to the service, without a network.

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{Request, Uri, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::router::ROUTES;

/// Makes a request, has it answered, and reads its body to the end.
pub(crate) fn answer(app: &mut Router, uri: &Uri) {
    let answered = app.oneshot(request(uri)).now_or_never();
    let Some(Ok(response)) = answered else {
        panic!("a handler waited");
    };
    assert!(response.status().is_success());
    let body = response.into_body().collect().now_or_never();
    assert!(matches!(body, Some(Ok(_))));
}

fn request(uri: &Uri) -> Request<Body> {
    Request::get(uri.clone())
        .header(header::HOST, "shop.example")
        .header(header::USER_AGENT, "benches/1.0")
        .header(header::ACCEPT, "*/*")
        .body(Body::empty())
        .expect("a request")
}

/// The paths of requests to all routes, in turn.
pub(crate) fn cycle() -> Vec<Uri> {
    (0..32).map(|turn| uri(turn * 7 % ROUTES, turn)).collect()
}

pub(crate) fn uri(route: usize, id: usize) -> Uri {
    let path = format!("/api/resource{route}/{id}");
    path.parse().expect("a path")
}
