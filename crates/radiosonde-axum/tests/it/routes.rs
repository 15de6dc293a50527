//! Which paths are answered, and under which template.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use radiosonde_axum::{Endpoints, PROBE_ROUTES, ServiceInfo, matched_path};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;

use crate::client::Service;

/// Answers with the template that the request matched in place of what the handler says.
async fn template(request: Request, next: Next) -> Response {
    let template = matched_path(request.extensions()).map(str::to_owned);
    let mut response = next.run(request).await;
    *response.body_mut() = template.unwrap_or_default().into();
    response
}

fn endpoints() -> Endpoints {
    Endpoints::new(ServiceInfo::new("checkout"), Health::new(), Registry::new())
}

#[tokio::test(start_paused = true)]
async fn the_listed_routes_are_those_that_answer() {
    let mut service = Service::degraded();
    service.app = service.app.layer(from_fn(template));
    for route in PROBE_ROUTES {
        let answer = service.get(&route.replace("{check}", "database")).await;
        assert!(answer.is(200, route), "{route}: {answer:?}");
    }

    // axum lists a router's templates in its debug output only, with those of its fallback among them.
    let debug = format!("{:?}", Service::new().app);
    let is_fallback = |text: &str| text == "/" || text.contains("fallback");
    let registered = debug.split('"').filter(|text| text.starts_with('/'));
    let registered: BTreeSet<_> = registered.filter(|text| !is_fallback(text)).collect();
    assert_eq!(registered, PROBE_ROUTES.iter().copied().collect());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_listed_is_not_answered() {
    let service = Service::degraded();
    for path in [
        "/",
        "/live/",
        "/health/",
        "/healthz",
        "/health/database/",
        "/startup",
        "/admin",
    ] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_router_merges_into_one_with_a_state_and_leaves_its_answers_alone() {
    #[derive(Clone)]
    struct Orders(u32);

    let app = Router::new()
        .route(
            "/orders",
            get(async |State(orders): State<Orders>| orders.0.to_string()),
        )
        .merge(endpoints().router::<Orders>())
        .with_state(Orders(7));
    let service = Service {
        app,
        ..Service::new()
    };
    assert_eq!(service.get("/live").await.status, 200);
    let orders = service.get("/orders").await;
    assert!(orders.is(200, "7"));
    assert_eq!(orders.header("cache-control"), "");
    assert_eq!(service.get("/other").await.header("cache-control"), "");
}

#[tokio::test(start_paused = true)]
async fn a_nested_template_is_complete() {
    let orders = Router::new().route("/{id}", get(async || "an order"));
    let app = Router::new()
        .nest("/shop/{shop}/orders", orders)
        .layer(from_fn(template));
    let service = Service {
        app,
        ..Service::new()
    };
    assert!(
        service
            .get("/shop/1/orders/2")
            .await
            .is(200, "/shop/{shop}/orders/{id}")
    );
    assert!(service.get("/shop/1").await.is(404, ""));
}
