//! What may be chosen about the endpoints.

use std::collections::BTreeSet;

use crate::endpoints::own_templates;
use crate::paths::{is_template, shape};
use crate::{AdminToken, InvalidPath, Paths, Route};

/// Where the endpoints are and who may see what.
///
/// # Examples
///
/// ```
/// use axum::routing::get;
/// use radiosonde_axum::{AdminToken, Audience, EndpointOptions, Paths, Route};
///
/// let options = EndpointOptions::new()
///     .paths(Paths::new().ready("/readyz"))
///     .admin_token(AdminToken::new("mgKqCnD1cVVSBWzJ")?)
///     .admin_listener(true)
///     .route(Route::new("/admin/threads", Audience::Administrators, get(async || "8\n")));
/// # assert!(format!("{options:?}").contains("/readyz"));
/// # Ok::<(), radiosonde_axum::InvalidToken>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EndpointOptions {
    pub(crate) paths: Paths,
    pub(crate) token: Option<AdminToken>,
    pub(crate) admin_listener: bool,
    pub(crate) routes: Vec<Route>,
}

impl EndpointOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where the endpoints are.
    ///
    /// Defaults to `/live`, `/ready`, `/health`, `/metrics` and `/admin`.
    #[must_use]
    pub fn paths(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// Sets the token that opens what is for administrators, on either router.
    ///
    /// Defaults to none: what is theirs is open on their own listener, and not on the router of the service.
    #[must_use]
    pub fn admin_token(mut self, token: AdminToken) -> Self {
        self.token = Some(token);
        self
    }

    /// Sets whether administrators have a listener of their own, which serves
    /// [`admin_router`](crate::Endpoints::admin_router): metrics are there alone then.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn admin_listener(mut self, has_one: bool) -> Self {
        self.admin_listener = has_one;
        self
    }

    /// Adds an endpoint.
    ///
    /// Defaults to those that the [crate's docs](crate) list.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Returns the path of an endpoint of this name below that of administrators, such as `/admin/catalog`.
    #[must_use]
    pub fn admin_path(&self, name: &str) -> String {
        self.paths.below_admin(name)
    }

    /// Looks whether all endpoints can stand beside each other.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPath`] for the first path that cannot, as [`Paths::check`] does.
    pub fn check(&self) -> Result<(), InvalidPath> {
        self.paths.check()?;
        let own = own_templates(&self.paths);
        let mut taken: BTreeSet<_> = own.iter().map(|path| shape(path)).collect();
        for route in &self.routes {
            if !is_template(&route.path) || !taken.insert(shape(&route.path)) {
                let path = route.path.clone();
                return Err(InvalidPath { path });
            }
        }
        Ok(())
    }
}
