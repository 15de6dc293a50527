//! The router, and what its handlers share.

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use tokio::time::Instant;

use crate::scrape;
use crate::scrapes::Scrapes;
use crate::shared::Shared;
use crate::{ServiceInfo, answer, catalog, probes};

/// The probe and scrape endpoints of one service.
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
    shared: Arc<Shared>,
}

impl Endpoints {
    /// Makes the endpoints. The uptime that `/health` shows counts from here.
    #[must_use]
    pub fn new(service: ServiceInfo, health: Health, registry: Registry) -> Self {
        Self {
            shared: Arc::new(Shared {
                service,
                health,
                registry,
                made: Instant::now(),
                scrapes: Scrapes::default(),
            }),
        }
    }

    /// Returns a router that answers [`PROBE_ROUTES`](crate::PROBE_ROUTES), to be merged into the service's own.
    ///
    /// Merging panics, as axum has it, when the service routes one of these paths itself.
    pub fn router<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.finished(Self::probes())
    }

    /// Returns a router that answers [`ADMIN_ROUTES`](crate::ADMIN_ROUTES) as well, to be served where only
    /// administrators come: on the loopback address, or on a port that no load balancer knows.
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
        self.finished(Self::probes().route("/admin/catalog", get(catalog::catalog)))
    }

    fn probes() -> Router<Arc<Shared>> {
        Router::new()
            .route("/live", get(probes::live))
            .route("/ready", get(probes::ready))
            .route("/health", get(probes::health))
            .route("/metrics", get(scrape::metrics))
            .route("/health/live", get(probes::live))
            .route("/health/ready", get(probes::ready))
            .route("/health/startup", get(probes::startup))
            .route("/health/metrics", get(scrape::metrics))
            .route("/health/{check}", get(probes::check))
    }

    fn finished<S>(&self, router: Router<Arc<Shared>>) -> Router<S> {
        router
            .route_layer(map_response(answer::protect))
            .with_state(Arc::clone(&self.shared))
    }
}
