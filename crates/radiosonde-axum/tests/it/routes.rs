//! Which paths are answered, and under which template.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use radiosonde_axum::matched_path;
use radiosonde_catalog::Metric;

use crate::client::Service;

/// Answers with the template that the request matched in place of what the handler says.
async fn template(request: Request, next: Next) -> Response {
    let template = matched_path(request.extensions()).map(str::to_owned);
    let mut response = next.run(request).await;
    *response.body_mut() = template.unwrap_or_default().into();
    response
}

#[tokio::test(start_paused = true)]
async fn the_listed_routes_are_those_that_answer() {
    let mut service = Service::degraded();
    service.app = service.app.layer(from_fn(template));
    for route in service.templates() {
        let answer = service.get(&route.replace("{check}", "database")).await;
        assert!(answer.is(200, &route), "{route}: {answer:?}");
    }
    let expected = set(service.templates());
    assert_eq!(registered(&Service::new().app), expected);
}

fn set(templates: Vec<String>) -> BTreeSet<String> {
    templates.into_iter().collect()
}

/// Returns the templates of a router. axum lists them in its debug output only, with those of its fallback among them.
fn registered(app: &Router) -> BTreeSet<String> {
    let debug = format!("{app:?}");
    let is_fallback = |text: &str| text == "/" || text.contains("fallback");
    let templates = debug.split('"').filter(|text| text.starts_with('/'));
    let templates = templates.filter(|text| !is_fallback(text));
    templates.map(ToOwned::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn administrators_have_the_probes_and_the_catalogue() {
    const PAID: Metric = Metric::counter("orders_paid_total").with_help("Orders that were paid.");

    let service = Service::new().admin();
    let templates = service.endpoints.admin_templates();
    assert_eq!(registered(&service.app), set(templates.clone()));
    let everyone = set(service.templates());
    assert!(everyone.is_subset(&set(templates)));

    service.registry.counter(&PAID, &[]).increment(1);
    let answer = service.get("/admin/catalog").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (http::StatusCode::OK, "application/json")
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let catalogue = service.registry.catalogue().with_service("checkout");
    assert_eq!(answer.body, catalogue.json());
    assert!(
        answer.body.contains("orders_paid_total") && answer.body.contains("http_requests_total")
    );
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
        .merge(Service::new().endpoints.router::<Orders>())
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
async fn a_check_is_found_below_other_parameters() {
    let service = Service::degraded();
    let app = Router::new().nest("/{tenant}/{zone}", service.app.clone());
    let service = Service { app, ..service };
    assert_eq!(service.get("/a/b/health/database").await.status, 200);
    assert_eq!(service.get("/a/b/health/redis").await.status, 503);
    assert_eq!(service.get("/a/b/health/nothing").await.status, 404);
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
