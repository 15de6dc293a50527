//! Every kind of report, as a stand-in for Sentry receives it and Sentry's own Relay reads it.

#![cfg(all(feature = "sentry", feature = "axum"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Router, body::Bytes};
use radiosonde::errors::{self, ErrorOptions, User};
use radiosonde::{Config, Service, Sonde, build, ext};
use radiosonde_testkit::kent::Kent;
use radiosonde_testkit::relay;
use serde_json::Value;
use tower::ServiceExt as _;
use tracing::instrument::WithSubscriber as _;

#[derive(Debug, thiserror::Error)]
#[error("the order could not be stored")]
struct NotStored {
    source: std::num::ParseIntError,
}

fn not_stored() -> NotStored {
    let source = "x".parse::<u8>().unwrap_err();
    NotStored { source }
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

async fn ask(app: &Router, uri: &str) {
    let request = Request::get(uri)
        .header("traceparent", PARENT)
        .header("user-agent", "curl/8")
        .header("cookie", "theme=s3cret");
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
}

/// Sends one of every kind, and returns what kent has received.
async fn every_kind(kent: &Kent) -> Vec<Value> {
    let errors = ErrorOptions::new()
        .headers(["user-agent", "cookie"])
        .before_send(|mut report| {
            report.set_tag("team", "checkout");
            report.set_fingerprint(["{{ default }}", "checkout"]);
            Some(report)
        });
    let service = Service::new("checkout").version("1.4.2");
    let config = Config::new(service).sentry_dsn(kent.dsn()).errors(errors);
    let mut parts = build(config).unwrap();
    let dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let app = app(&sonde);
    async {
        for uri in ["/unavailable/7?page=2&token=s3cret", "/broken", "/logged"] {
            ask(&app, uri).await;
        }
        tracing::error!("outside of a request");
        sonde.report(&not_stored());
    }
    .with_subscriber(dispatch)
    .await;
    let report = sonde.shutdown(Duration::from_secs(30)).await.error_reports;
    assert_eq!((report.ended, report.sent), (5, 5), "{report:?}");
    kent.events()
}

#[tokio::test]
async fn relay_finds_nothing_wrong_with_any_of_them() {
    let kent = Kent::start();
    let events = every_kind(&kent).await;
    let normalized = relay::normalize(&events);
    assert_eq!(normalized.len(), 5);
    for (sent, read) in events.iter().zip(&normalized) {
        assert_eq!(read.errors, [""; 0], "{sent:#}");
        let read = &read.event;
        assert_eq!(read["release"], "checkout@1.4.2", "{read:#}");
        assert_eq!(read["environment"], "production", "{read:#}");
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
    let sessions = &kent.items("sessions")[0]["aggregates"][0];
    assert_eq!([&sessions["errored"], &sessions["crashed"]], [1, 2]);
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
