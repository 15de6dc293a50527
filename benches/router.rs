//! The service that is measured: 20 routes with a parameter.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

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

/// How many routes it has.
pub(crate) const ROUTES: usize = 20;
