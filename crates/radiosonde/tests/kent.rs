//! Every kind of report, as a stand-in for Sentry receives it and Sentry's own Relay reads it.

#![cfg(all(feature = "sentry", feature = "axum"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, body::Bytes};
use futures_util::FutureExt as _;
use radiosonde::errors::{self, ErrorOptions, User};
use radiosonde::layer::{GrpcOptions, RequestOptions};
use radiosonde::{Config, Service, Sonde};
use radiosonde_testkit::kent::Kent;
use radiosonde_testkit::relay;
use serde_json::json;
use tower::ServiceExt as _;

#[path = "it/child.rs"]
mod child;

#[derive(Debug, thiserror::Error)]
#[error("the order could not be stored")]
struct NotStored {
    source: std::num::ParseIntError,
}

fn not_stored() -> NotStored {
    let source = "x".parse::<u8>().unwrap_err();
    NotStored { source }
}

/// Answers a call of gRPC with the status `INTERNAL`.
async fn call() -> Response {
    let head = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "13");
    head.body(Body::empty()).unwrap()
}

/// A service that fails in every way in which a request can.
fn app(sonde: &Sonde) -> Router {
    let broken = async || {
        let pieces = [
            Ok(Bytes::from("a piece")),
            Err(std::io::Error::other("gone")),
        ];
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    Router::new()
        .route(
            "/unavailable/{id}",
            get(async || {
                errors::set_cause(&not_stored());
                StatusCode::SERVICE_UNAVAILABLE
            }),
        )
        .route("/broken", get(broken))
        .route(
            "/panics",
            get(async || -> StatusCode { panic!("no stock left") }),
        )
        .route("/shop.v1.Shop/Buy", post(call))
        .route(
            "/logged",
            get(async || {
                errors::set_user(
                    User::new("7")
                        .username("joe")
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
            }),
        )
        .layer(sonde.layer())
}

async fn ask(app: &Router, request: Builder) {
    let request = request
        .header("traceparent", PARENT)
        .header("user-agent", "curl/8")
        .header("cookie", "theme=s3cret");
    let request = request.body(Body::empty()).unwrap();
    let answer = AssertUnwindSafe(app.clone().oneshot(request));
    if let Ok(response) = answer.catch_unwind().await {
        let _ = axum::body::to_bytes(response.unwrap().into_body(), usize::MAX).await;
    }
}

/// Reports one of every kind.
async fn every_kind() {
    let errors = ErrorOptions::new()
        .headers(["user-agent", "cookie"])
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
    let app = app(&sonde);
    tracing::error!("of no interest");
    for uri in ["/unavailable/7?page=2&token=s3cret", "/broken", "/logged"] {
        ask(&app, Request::get(uri)).await;
    }
    let call = Request::post("/shop.v1.Shop/Buy").header("content-type", "application/grpc");
    ask(&app, call).await;
    tracing::error!("outside of a request");
    sonde.report(&not_stored());
    ask(&app, Request::get("/panics")).await;
    let report = sonde.shutdown(Duration::from_secs(30)).await.error_reports;
    assert_eq!((report.ended, report.sent), (7, 7), "{report:?}");
}

#[test]
fn relay_finds_nothing_wrong_with_any_of_them() {
    if child::is_child() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        return runtime.enable_all().build().unwrap().block_on(every_kind());
    }
    let kent = Kent::start();
    let variables = [("SENTRY_DSN", &*kent.dsn()), ("SENTRY_DIST", "linux-1")];
    child::printed(&child::run(
        "relay_finds_nothing_wrong_with_any_of_them",
        &variables,
    ));
    let events = kent.events();
    let normalized = relay::normalize(&events);
    assert_eq!(normalized.len(), 7);
    for (sent, read) in events.iter().zip(&normalized) {
        assert_eq!(read.errors, [""; 0], "{sent:#}");
        let read = &read.event;
        assert_eq!(read["release"], "checkout@1.4.2", "{read:#}");
        assert_eq!(read["environment"], "production", "{read:#}");
        assert_eq!(read["dist"], "linux-1", "{read:#}");
        assert!(!read.to_string().contains("s3cret"), "{read:#}");
        // What Relay does not know it would have moved or dropped.
        for member in sent.as_object().unwrap().keys() {
            let moved = matches!(member.as_str(), "message" | "server_name");
            assert!(moved || read.get(member).is_some(), "{member}: {read:#}");
        }
    }
    let trace = |index: usize| &normalized[index].event["contexts"]["trace"]["trace_id"];
    assert_eq!([trace(0), trace(1), trace(2)], [&TRACE; 3]);
    assert_eq!(normalized[0].event["transaction"], "GET /unavailable/{id}");
    let exceptions = normalized[2].event["exception"]["values"].as_array();
    assert_eq!(exceptions.unwrap().len(), 2);
    let breadcrumbs = normalized[2].event["breadcrumbs"]["values"].as_array();
    assert_eq!(breadcrumbs.unwrap().len(), 1);
    assert_eq!(
        normalized[3].event["logentry"]["formatted"],
        "shop.v1.Shop/Buy failed with INTERNAL"
    );

    let panic = &normalized[6].event;
    assert_eq!(panic["level"], "fatal", "{panic:#}");
    assert_eq!(panic["transaction"], "GET /panics", "{panic:#}");
    let told = &panic["exception"]["values"][0];
    let mechanism = json!({"type": "panic", "handled": false});
    assert_eq!(told["value"], "no stock left");
    assert_eq!(told["mechanism"], mechanism);

    sessions_are_told_by_their_ends(&kent);
    losses_are_told_by_their_reasons(&kent);
}

// Relay's normaliser is one of events; what else there is has to be as Sentry describes it. It is told in parts, as many as there
// were occasions.

fn sessions_are_told_by_their_ends(kent: &Kent) {
    let mut ends = [0; 3];
    for sessions in kent.items("sessions") {
        let attributes = json!({"release": "checkout@1.4.2", "environment": "production"});
        assert_eq!(sessions["attrs"], attributes);
        for aggregate in sessions["aggregates"].as_array().unwrap() {
            let started = aggregate["started"].as_str().unwrap();
            assert!(started.ends_with(":00Z"), "to the minute: {started}");
            for (sum, end) in ends.iter_mut().zip(["exited", "errored", "crashed"]) {
                *sum += aggregate[end].as_u64().unwrap();
            }
        }
    }
    assert_eq!(ends, [0, 1, 4]);
}

fn losses_are_told_by_their_reasons(kent: &Kent) {
    let mut lost = 0;
    for losses in kent.items("client_report") {
        assert!(losses["timestamp"].is_f64(), "{losses:#}");
        for discarded in losses["discarded_events"].as_array().unwrap() {
            assert_eq!(discarded["reason"], "event_processor", "{losses:#}");
            assert_eq!(discarded["category"], "error", "{losses:#}");
            lost += discarded["quantity"].as_u64().unwrap();
        }
    }
    assert_eq!(lost, 1);
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
