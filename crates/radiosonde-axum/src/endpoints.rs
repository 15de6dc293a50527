//! The routers, and what is on which.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{MethodRouter, get};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use tokio::time::Instant;

use crate::scope::{Scope, Shared, guard};
use crate::scrapes::Scrapes;
use crate::{Audience, EndpointOptions, InvalidPath, Paths, Route, ServiceInfo};
use crate::{admin, answer, grpc, probes, scrape};

/// The probe and scrape endpoints of one service, and those of its administrators.
///
/// A cheap handle. See the [crate's docs](crate) for the endpoints.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use radiosonde_axum::{Endpoints, ServiceInfo};
/// use radiosonde_health::Health;
/// use radiosonde_metrics::Registry;
/// # use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::new();
/// let endpoints = Endpoints::new(ServiceInfo::new("checkout"), health.clone(), Registry::new());
/// let app: Router = Router::new()
///     .route("/orders/{id}", get(async || "an order"))
///     .merge(endpoints.router());
///
/// health.start_draining();
/// # let request = http::Request::get("/ready").body(axum::body::Body::empty())?;
/// let response = app.oneshot(request).await?;
/// assert_eq!(response.status(), 503);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Endpoints {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    admin_listener: bool,
    /// Those of the caller, which need no state of ours.
    routes: Vec<Route>,
    paths: Paths,
}

impl Endpoints {
    /// Makes the endpoints with the default options. The uptime that `/health` shows counts from here.
    #[must_use]
    pub fn new(service: ServiceInfo, health: Health, registry: Registry) -> Self {
        Self::made(service, health, registry, EndpointOptions::new())
    }

    /// Makes the endpoints.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPath`] for paths that [`EndpointOptions::check`] refuses.
    pub fn with_options(
        service: ServiceInfo,
        health: Health,
        registry: Registry,
        options: EndpointOptions,
    ) -> Result<Self, InvalidPath> {
        options.check()?;
        Ok(Self::made(service, health, registry, options))
    }

    fn made(
        service: ServiceInfo,
        health: Health,
        registry: Registry,
        options: EndpointOptions,
    ) -> Self {
        let EndpointOptions {
            paths,
            token,
            admin_listener,
            routes,
        } = options;
        let added = routes.iter().map(|route| route.path.clone());
        let listed = own_templates(&paths).into_iter().chain(added).collect();
        let shared = Arc::new(Shared {
            service,
            health,
            registry,
            made: Instant::now(),
            scrapes: Scrapes::default(),
            token,
            listed,
        });
        Self {
            inner: Arc::new(Inner {
                shared,
                admin_listener,
                routes,
                paths,
            }),
        }
    }

    /// Returns a router with what is for everyone, to be merged into the service's own; without a listener for
    /// administrators, it has what is for operators as well, and with a token also what is for administrators.
    ///
    /// Merging panics, as axum has it, when the service routes one of these paths itself.
    pub fn router<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.made_for(false)
    }

    /// Returns a router with all endpoints, to be served where only administrators come: on the loopback address, or on
    /// a port that no load balancer knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::Router;
    /// use radiosonde_axum::{Endpoints, ServiceInfo};
    /// use radiosonde_health::Health;
    /// use radiosonde_metrics::Registry;
    /// # use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let endpoints = Endpoints::new(ServiceInfo::new("checkout"), Health::new(), Registry::new());
    /// let admin: Router = endpoints.admin_router();
    ///
    /// # let request = http::Request::get("/admin/catalog").body(axum::body::Body::empty())?;
    /// let response = admin.oneshot(request).await?;
    /// assert_eq!(response.headers()["content-type"], "application/json");
    /// # Ok(())
    /// # }
    /// ```
    pub fn admin_router<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.made_for(true)
    }

    /// Returns a router with what is for everyone and nothing else, to be served on a thread of its own.
    pub fn probe_router<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let scope = self.scope(false);
        let routes = self.routes().into_iter();
        let routes = routes.filter(|(_, audience, _)| *audience == Audience::Everyone);
        routes.fold(Router::new(), |router, (path, _, methods)| {
            router.route(&path, finished(methods, scope.clone()))
        })
    }

    /// Returns a router with the gRPC health protocol, `grpc.health.v1.Health`: `SERVING` while the service is ready, for the
    /// server as a whole and for the services of these names, such as `stock.v1.Stock`.
    ///
    /// Merge it into a router that serves gRPC, such as that of `tonic::service::Routes::into_axum_router`, or turn it into
    /// `Routes` and add it to a `tonic::transport::Server`.
    ///
    /// `List` names all of these, and the server as a whole by the empty name. `Watch` tells each change, and ends with `UNAVAILABLE` when the service drains, so that it does not hold the drain up.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::Router;
    /// use radiosonde_axum::{Endpoints, ServiceInfo};
    /// use radiosonde_health::Health;
    /// use radiosonde_metrics::Registry;
    ///
    /// let endpoints = Endpoints::new(ServiceInfo::new("stock"), Health::new(), Registry::new());
    /// let app: Router = Router::new().merge(endpoints.grpc_health(["stock.v1.Stock"]));
    /// ```
    pub fn grpc_health<S, N>(&self, services: impl IntoIterator<Item = N>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
        N: Into<String>,
    {
        let services = services.into_iter().map(Into::into).collect();
        grpc::router(&self.inner.shared.health, services)
    }

    /// Returns the template of every route on the [`router`](Self::router) and of
    /// [`grpc_health`](Self::grpc_health), so that a layer can leave probes and scrapes out of what it measures.
    ///
    /// A router that is nested has these behind its prefix.
    #[must_use]
    pub fn templates(&self) -> Vec<String> {
        let routes = self.routes().into_iter();
        let on_router = routes.filter(|(_, audience, _)| self.is_on(*audience, false));
        let grpc = [grpc::CHECK, grpc::LIST, grpc::WATCH].map(str::to_owned);
        on_router.map(|(path, ..)| path).chain(grpc).collect()
    }

    /// Returns the template of every route on the [`admin_router`](Self::admin_router).
    #[must_use]
    pub fn admin_templates(&self) -> Vec<String> {
        self.inner.shared.listed.clone()
    }

    fn made_for<S>(&self, is_admin: bool) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let scope = self.scope(is_admin);
        let mut router = Router::new();
        for (path, audience, mut methods) in self.routes() {
            if !self.is_on(audience, is_admin) {
                continue;
            }
            if self.is_guarded(audience, is_admin) {
                methods = methods.layer(from_fn_with_state(scope.clone(), guard));
            }
            router = router.route(&path, finished(methods, scope.clone()));
        }
        router
    }

    fn routes(&self) -> Vec<OwnRoute> {
        let added = self.inner.routes.iter().cloned();
        let added = added.map(|route| {
            let methods: MethodRouter<Scope> = route.methods.with_state(());
            (route.path, route.audience, methods)
        });
        let own = own_routes(&self.inner.paths).into_iter();
        own.chain(added).collect()
    }

    /// Tells whether what is for this audience is on the router of administrators, or else on that of the service.
    fn is_on(&self, audience: Audience, is_admin: bool) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Operators => is_admin || !self.inner.admin_listener,
            Audience::Administrators => {
                is_admin || (!self.inner.admin_listener && self.inner.shared.token.is_some())
            }
        }
    }

    fn is_guarded(&self, audience: Audience, is_admin: bool) -> bool {
        let takes_token = match audience {
            Audience::Everyone => false,
            Audience::Operators => is_admin,
            Audience::Administrators => true,
        };
        takes_token && self.inner.shared.token.is_some()
    }

    fn scope(&self, is_admin: bool) -> Scope {
        Scope {
            shared: Arc::clone(&self.inner.shared),
            is_admin,
        }
    }
}

type OwnRoute = (String, Audience, MethodRouter<Scope>);

/// The table of all endpoints of ours.
fn own_routes(paths: &Paths) -> Vec<OwnRoute> {
    use Audience::{Administrators, Everyone, Operators};
    let below_health = |name: &str| format!("{}/{name}", paths.health);
    let below_admin = |name: &str| paths.below_admin(name);
    let rest = get(admin::rest)
        .put(admin::take_out)
        .delete(admin::put_back);
    vec![
        (paths.live.clone(), Everyone, get(probes::live)),
        (paths.ready.clone(), Everyone, get(probes::ready)),
        (paths.health.clone(), Everyone, get(probes::health)),
        (below_health("live"), Everyone, get(probes::live)),
        (below_health("ready"), Everyone, get(probes::ready)),
        (below_health("startup"), Everyone, get(probes::startup)),
        (below_health("{check}"), Everyone, get(probes::check)),
        (paths.metrics.clone(), Operators, get(scrape::metrics)),
        (below_health("metrics"), Operators, get(scrape::metrics)),
        (paths.admin.clone(), Administrators, get(admin::index)),
        (below_admin("catalog"), Administrators, get(admin::catalog)),
        (below_admin("out-of-service"), Administrators, rest),
    ]
}

/// Returns the templates of all endpoints of ours.
pub(crate) fn own_templates(paths: &Paths) -> Vec<String> {
    let routes = own_routes(paths).into_iter();
    routes.map(|(path, ..)| path).collect()
}

fn finished<S>(methods: MethodRouter<Scope>, scope: Scope) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    methods
        .layer(map_response(answer::protect))
        .with_state(scope)
}
