//! The service that is measured: 20 routes with a parameter.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use futures_util::FutureExt as _;
use http::{Request, Uri, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) fn routes() -> Router {
    (0..ROUTES).fold(Router::new(), |router, route| {
        router.route(&format!("/api/resource{route}/{{id}}"), get(item))
    })
}

async fn item(Path(id): Path<u32>) -> &'static str {
    if id == u32::MAX {
        "the last"
    } else {
        "an item, as good as any"
    }
}

/// Applies the layers, as a server does for each connection. A router without its state, even an empty one, does it anew
/// for each request.
pub(crate) fn served(app: Router) -> Router {
    app.with_state(())
}

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

const ROUTES: usize = 20;
