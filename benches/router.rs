//! The service that is measured: 20 routes with a parameter, and one that answers without a body.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;

pub(crate) fn routes() -> Router {
    let nothing = Router::new().route("/api/nothing/{id}", get(nothing));
    (0..ROUTES).fold(nothing, |router, route| {
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

/// Answers without a body: the head is all.
async fn nothing(Path(_): Path<u32>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Applies the layers, as a server does for each connection. A router without its state, even an empty one, does it anew
/// for each request.
pub(crate) fn served(app: Router) -> Router {
    app.with_state(())
}

/// How many routes it has.
pub(crate) const ROUTES: usize = 20;
