//! Route templates: ours, and the one that a request matched.

use axum::extract::MatchedPath;
use http::Extensions;

/// Every route template of [`Endpoints::router`](crate::Endpoints::router), so that a layer can leave probes and scrapes
/// out of what it measures.
///
/// A router that is nested has these behind its prefix.
pub const PROBE_ROUTES: &[&str] = &[
    "/live",
    "/ready",
    "/health",
    "/metrics",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/health/metrics",
    "/health/{check}",
];

/// Every route template that [`Endpoints::admin_router`](crate::Endpoints::admin_router) has beyond
/// [`PROBE_ROUTES`].
pub const ADMIN_ROUTES: &[&str] = &["/admin/catalog"];

/// Returns the template that the router matched, such as `/orders/{id}`, complete through nested routers.
///
/// None before the router has matched, and when nothing did.
///
/// # Examples
///
/// ```
/// use axum::{Router, extract::Request, routing::get};
/// use radiosonde_axum::matched_path;
/// # use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app: Router = Router::new().route(
///     "/orders/{id}",
///     get(async |request: Request| {
///         assert_eq!(matched_path(request.extensions()), Some("/orders/{id}"));
///     }),
/// );
/// # let request = http::Request::get("/orders/7").body(axum::body::Body::empty())?;
/// # assert_eq!(app.oneshot(request).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn matched_path(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}
