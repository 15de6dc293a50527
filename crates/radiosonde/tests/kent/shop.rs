//! A service that fails in every way in which one can.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::FutureExt as _;
use radiosonde::errors::{self, ErrorOptions, User};
use radiosonde::layer::{GrpcOptions, RequestOptions};
use radiosonde::{Config, Service, Sonde};
use tower::{Layer as _, Service as Handler, ServiceExt as _, service_fn};

use super::PARENT;

/// Reports one of every kind.
pub(super) async fn every_kind() {
    let errors = ErrorOptions::new()
        .headers(["user-agent", "cookie", "x-forwarded-for"])
        .personal_data(true)
        .before_send(|mut report| {
            report.set_tag("team", "checkout");
            report.set_fingerprint(["{{ default }}", "checkout"]);
            Some(report)
        })
        .ignore_errors(["of no interest"]);
    let service = Service::new("checkout").version("1.4.2");
    let requests = RequestOptions::new().grpc(GrpcOptions::new());
    let config = Config::new(service).errors(errors).requests(requests);
    let sonde = radiosonde::init(config).unwrap();
    tracing::error!("of no interest");
    fail_in_requests(&sonde).await;
    fail_outside_of_requests(&sonde);
    let report = sonde.shutdown(Duration::from_mins(1)).await.error_reports;
    assert_eq!((report.ended, report.sent), (14, 14), "{report:?}");
}

async fn fail_in_requests(sonde: &Sonde) {
    let app = app(sonde);
    for uri in [
        "/unavailable/7?page=2&token=s3cret",
        "/silent",
        "/broken",
        "/logged",
        "/large",
        "/spawned",
        "/panics",
    ] {
        ask(&app, Request::get(uri)).await;
    }
    let call = Request::post("/shop.v1.Shop/Buy").header("content-type", "application/grpc");
    ask(&app, call).await;
    let breaks = service_fn(async |_: Request<Body>| Err::<Response, _>(not_stored()));
    let breaks = sonde.layer().layer(breaks);
    let breaks = breaks.map_response(|response| response.map(Body::new));
    ask(&breaks, Request::get("/")).await;
}

fn fail_outside_of_requests(sonde: &Sonde) {
    tracing::error!("outside of a request");
    log::error!(target: "elsewhere", "the pool is empty");
    sonde.report(&not_stored());
    let thread = std::thread::spawn(|| panic!("a thread ends"));
    thread.join().unwrap_err();
}

fn app(sonde: &Sonde) -> Router {
    Router::new()
        .route("/unavailable/{id}", get(unavailable))
        .route("/silent", get(async || StatusCode::BAD_GATEWAY))
        .route("/broken", get(broken))
        .route("/logged", get(logged))
        .route("/large", get(large))
        .route("/spawned", get(spawned))
        .route(
            "/panics",
            get(async || -> StatusCode { panic!("no stock left") }),
        )
        .route("/shop.v1.Shop/Buy", post(call))
        .layer(sonde.layer())
}

async fn ask<S>(service: &S, request: Builder)
where
    S: Handler<Request<Body>, Response = Response> + Clone,
{
    let request = request
        .header("traceparent", PARENT)
        .header("user-agent", "curl/8")
        .header("cookie", "theme=s3cret")
        .header("x-forwarded-for", "192.0.2.7");
    let request = request.body(Body::empty()).unwrap();
    let answer = AssertUnwindSafe(service.clone().oneshot(request));
    if let Ok(Ok(response)) = answer.catch_unwind().await {
        let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the order could not be stored")]
struct NotStored {
    source: std::num::ParseIntError,
}

fn not_stored() -> NotStored {
    let source = "x".parse::<u8>().unwrap_err();
    NotStored { source }
}

#[derive(Debug, thiserror::Error)]
#[error("the order could not be shipped")]
struct NotShipped {
    source: NotStored,
}

async fn unavailable() -> StatusCode {
    errors::set_cause(&not_stored());
    StatusCode::SERVICE_UNAVAILABLE
}

/// Answers with a body that breaks off.
async fn broken() -> Body {
    let source = not_stored();
    let pieces = [Ok(Bytes::from("a piece")), Err(NotShipped { source })];
    Body::from_stream(futures_util::stream::iter(pieces))
}

async fn logged() -> StatusCode {
    errors::set_user(
        User::new("7")
            .username("joe")
            .email("joe@example.com")
            .ip_address([192, 0, 2, 7].into()),
    );
    errors::set_tag("tenant", "acme");
    tracing::info!(step = 1, "the order is read");
    let error = not_stored();
    tracing::error!(
        error = &error as &dyn Error,
        order = 7,
        ratio = 0.5,
        retried = true,
        nothing = f64::NAN,
        user.name = "ü\u{0}\u{202e}",
        "no order"
    );
    StatusCode::INTERNAL_SERVER_ERROR
}

/// Says as much as there is room for, and more.
async fn large() {
    let long = "ä".repeat(10_000);
    let user = User::new(&long).username(&long).email(&long);
    errors::set_user(user);
    for number in 0..60 {
        errors::set_tag(format!("tag-{number}"), "x".repeat(200));
        tracing::info!(a = long, b = long, c = long, d = long, "{number} {long}");
    }
    tracing::error!(
        a = long,
        b = long,
        c = long,
        d = long,
        e = long,
        f = long,
        g = long,
        h = long,
        "a large order: {long}"
    );
}

/// Leaves two tasks alone that panic: one of them belongs to the request.
async fn spawned() {
    let followed = errors::within_request(async { panic!("a task of a request ends") });
    tokio::spawn(followed).await.unwrap_err();
    let alone = async { panic!("a task ends") };
    tokio::spawn(alone).await.unwrap_err();
}

/// Answers a call of gRPC with the status `INTERNAL`.
async fn call() -> Response {
    let head = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "13");
    head.body(Body::empty()).unwrap()
}
