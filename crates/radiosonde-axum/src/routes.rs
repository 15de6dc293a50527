//! Routes: who may ask what.

use axum::extract::MatchedPath;
use axum::routing::MethodRouter;
use http::Extensions;

/// One endpoint: its path, what answers there, and who may ask.
///
/// [`EndpointOptions::route`](crate::EndpointOptions::route) adds one to those that are there.
#[derive(Debug, Clone)]
pub struct Route {
    pub(crate) path: String,
    pub(crate) audience: Audience,
    pub(crate) methods: MethodRouter,
}

impl Route {
    /// Makes a route. Its path consists of `/` and names, as those of [`Paths`](crate::Paths) do, and a name in braces stands
    /// for any. [`EndpointOptions::check`](crate::EndpointOptions::check) refuses others, and one that is taken.
    #[must_use]
    pub fn new(path: impl Into<String>, audience: Audience, methods: MethodRouter) -> Self {
        Self {
            path: path.into(),
            audience,
            methods,
        }
    }
}

/// Whom an endpoint is for, and so where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Audience {
    /// Orchestrators: it is on the router of the service and on that of administrators, and open on both.
    Everyone,
    /// Scrapers and the like: it is on the router of the service, and open there, unless administrators have a listener of
    /// their own. Then it is there alone, and takes the token if there is one.
    Operators,
    /// Administrators: it is on their own listener, and takes the token if there is one. Without such a listener it is on
    /// the router of the service if there is a token, and else nowhere.
    Administrators,
}

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
