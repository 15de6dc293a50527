//! Where the layer may stand in a service of axum, and what it knows there.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{any, get, get_service, post};
use radiosonde::layer::RequestOptions;
use radiosonde::{Config, Sonde};
use tower::{Layer as _, Service, ServiceExt as _};

fn sonde() -> Sonde {
    radiosonde::build("checkout").unwrap().into_sonde()
}

async fn ask<S>(app: &S, method: Method, path: &str) -> StatusCode
where
    S: Service<Request, Response: IntoResponse, Error = Infallible>,
    S: Clone,
{
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let Ok(response) = app.clone().oneshot(request).await;
    let (head, body) = response.into_response().into_parts();
    axum::body::to_bytes(body, usize::MAX).await.unwrap();
    head.status
}

/// Asks for each path, and asserts that just these series of `http_requests_total` came of it: `route status count`, a
/// route of `-` for none.
async fn counted<S>(sonde: &Sonde, app: &S, paths: &[&str], series: &[&str])
where
    S: Service<Request, Response: IntoResponse, Error = Infallible>,
    S: Clone,
{
    for path in paths {
        ask(app, Method::GET, path).await;
    }
    assert_eq!(requests(sonde), series);
}

/// The series of `http_requests_total`, of whatever method and outcome.
fn requests(sonde: &Sonde) -> Vec<String> {
    let text = sonde.metrics().render();
    let samples = text
        .lines()
        .filter_map(|line| line.strip_prefix("http_requests_total{"));
    let label = |labels: &str, name: &str| {
        let (_, rest) = labels.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let mut series: Vec<_> = samples
        .map(|sample| {
            let (labels, count) = sample.rsplit_once("} ").unwrap();
            let route = label(labels, "route").unwrap_or_else(|| "-".to_owned());
            format!("{route} {} {count}", label(labels, "status").unwrap())
        })
        .collect();
    series.sort_unstable();
    series
}

#[tokio::test]
async fn on_a_router_it_sees_every_route_and_what_matched_none() {
    let sonde = sonde();
    let other = Router::new().route("/carts/{cart}", get(async || "a cart"));
    let app = Router::new()
        .route("/orders/{id}", get(async || "an order"))
        .merge(other)
        .route("/files/{*path}", get(async || "a file"))
        .layer(sonde.layer());
    let paths = [
        "/orders/1",
        "/orders/2",
        "/carts/3",
        "/files/a/b",
        "/nowhere",
        "/orders/",
    ];
    let series = [
        "- 404 2",
        "/carts/{cart} 200 1",
        "/files/{*path} 200 1",
        "/orders/{id} 200 2",
    ];
    counted(&sonde, &app, &paths, &series).await;
}

/// What a service that routes by itself leaves with a request.
#[derive(Clone)]
struct Action(&'static str);

#[tokio::test]
async fn a_service_without_a_router_says_itself_where_its_route_is() {
    let requests = RequestOptions::new().route(|left| left.get::<Action>().map(|action| action.0));
    let config = Config::new("checkout").requests(requests);
    let sonde = radiosonde::build(config).unwrap().into_sonde();
    let observed = sonde.layer().layer(tower::service_fn(async |_: Request| {
        Ok(StatusCode::OK.into_response())
    }));
    let app = tower::util::MapRequest::new(observed, |mut request: Request| {
        if request.uri().path().starts_with("/orders/") {
            request.extensions_mut().insert(Action("order"));
        }
        request
    });
    let series = ["- 200 1", "order 200 2"];
    counted(&sonde, &app, &["/orders/1", "/orders/2", "/other"], &series).await;
}

#[tokio::test]
async fn templates_are_complete_through_nested_routers() {
    let sonde = sonde();
    let lines = Router::new().route("/{line}", get(async || "a line"));
    let orders = Router::new()
        .route("/{order}", get(async || "an order"))
        .nest("/{order}/lines", lines);
    let app = Router::new()
        .nest("/shops/{shop}/orders", orders)
        .layer(sonde.layer());
    let paths = [
        "/shops/1/orders/2",
        "/shops/1/orders/2/lines/3",
        "/shops/1/orders/2/other",
    ];
    let series = [
        "- 404 1",
        "/shops/{shop}/orders/{order} 200 1",
        "/shops/{shop}/orders/{order}/lines/{line} 200 1",
    ];
    counted(&sonde, &app, &paths, &series).await;
}

#[tokio::test]
async fn in_a_nested_router_it_sees_that_router_with_complete_templates() {
    let sonde = sonde();
    let orders = Router::new()
        .route("/{order}", get(async || "an order"))
        .layer(sonde.layer());
    let app = Router::new()
        .route("/other", get(async || "not measured"))
        .nest("/orders", orders);
    let series = ["/orders/{order} 200 1"];
    counted(&sonde, &app, &["/orders/1", "/other"], &series).await;
}

#[tokio::test]
async fn a_nested_service_has_a_route_only_where_it_is_a_router_with_the_layer_inside() {
    // From outside, it is a service that nobody knows the routes of.
    let outside = sonde();
    let service = Router::new().route("/{name}", get(async || "a file"));
    let app = Router::new()
        .nest_service("/files", service.clone())
        .layer(outside.layer());
    counted(&outside, &app, &["/files/a", "/files/b"], &["- 200 2"]).await;

    let inside = sonde();
    let app: Router = Router::new().nest_service("/files", service.layer(inside.layer()));
    counted(&inside, &app, &["/files/a"], &["/files/{name} 200 1"]).await;
}

#[tokio::test]
async fn fallbacks_are_measured_and_have_no_route() {
    let sonde = sonde();
    let inner = Router::new()
        .route("/known", get(async || "known"))
        .fallback(async || (StatusCode::IM_A_TEAPOT, "inner"));
    let app = Router::new()
        .route("/orders", post(async || "ordered"))
        .nest("/inner", inner)
        .fallback(async || (StatusCode::GONE, "outer"))
        .layer(sonde.layer());
    let paths = ["/gone", "/inner/gone", "/inner/known"];
    let series = ["- 410 1", "- 418 1", "/inner/known 200 1"];
    counted(&sonde, &app, &paths, &series).await;

    // A method that is not allowed has matched a route.
    assert_eq!(ask(&app, Method::GET, "/orders").await, 405);
    assert!(requests(&sonde).contains(&"/orders 405 1".to_owned()));
}

#[tokio::test]
async fn on_a_route_it_sees_what_matched_and_nothing_else() {
    let sonde = sonde();
    let app = Router::new()
        .route("/orders/{id}", get(async || "an order"))
        .route_layer(sonde.layer());
    let series = ["/orders/{id} 200 1"];
    counted(&sonde, &app, &["/orders/1", "/nowhere"], &series).await;
}

#[tokio::test]
async fn on_a_method_router_or_a_handler_it_sees_those() {
    use axum::handler::Handler as _;

    let sonde = sonde();
    let app: Router = Router::new()
        .route(
            "/orders/{id}",
            get(async || "an order").layer(sonde.layer()),
        )
        .route("/carts/{id}", get((async || "a cart").layer(sonde.layer())))
        .route("/other", get(async || "not measured"));
    let series = ["/carts/{id} 200 1", "/orders/{id} 200 1"];
    counted(&sonde, &app, &["/orders/1", "/carts/2", "/other"], &series).await;
}

#[tokio::test]
async fn around_the_router_it_sees_every_request_before_it_has_a_route() {
    let sonde = sonde();
    let app = Router::new().route("/orders/{id}", get(async || "an order"));
    let app = sonde.layer().layer(app.with_state(()));
    counted(
        &sonde,
        &app,
        &["/orders/1", "/nowhere"],
        &["- 200 1", "- 404 1"],
    )
    .await;
}

#[tokio::test]
async fn around_a_service_that_is_a_route_it_knows_the_route() {
    let sonde = sonde();
    let service = tower::service_fn(async |_: Request| {
        Ok::<_, std::convert::Infallible>(axum::response::Response::new(Body::from("plain")))
    });
    let app: Router = Router::new().route("/plain/{id}", get_service(sonde.layer().layer(service)));
    counted(&sonde, &app, &["/plain/1"], &["/plain/{id} 200 1"]).await;
}

#[tokio::test]
async fn a_state_and_extractors_go_on_as_they_were() {
    #[derive(Clone)]
    struct Greeting(&'static str);

    let sonde = sonde();
    let hello = async |State(greeting): State<Greeting>, body: String| {
        assert_eq!((greeting.0, &*body), ("hello", ""));
    };
    let app = Router::new()
        .route("/hello", any(hello))
        .layer(sonde.layer())
        .with_state(Greeting("hello"));
    counted(&sonde, &app, &["/hello"], &["/hello 200 1"]).await;
}

#[tokio::test]
async fn what_is_added_after_it_is_not_measured() {
    let sonde = sonde();
    let app = Router::new()
        .route("/before", get(async || "measured"))
        .layer(sonde.layer())
        .route("/after", get(async || "not measured"));
    counted(&sonde, &app, &["/before", "/after"], &["/before 200 1"]).await;
}
