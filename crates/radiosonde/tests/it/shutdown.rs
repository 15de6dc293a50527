//! The end of the telemetry, with collectors that take and that do not.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::{Config, Sonde, build};
use tower::ServiceExt as _;

/// Answers so many requests with a service that exports to `endpoint`.
async fn served(endpoint: &str, requests: u64) -> Sonde {
    let config = Config::new("checkout").otlp_endpoint(endpoint);
    let sonde = build(config).unwrap().into_sonde();
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    for _ in 0..requests {
        let _ = app
            .clone()
            .oneshot(Request::new(Body::empty()))
            .await
            .unwrap();
    }
    sonde
}

/// A collector that accepts connections and never answers. It ends with the test.
fn hanging() -> (String, std::net::TcpListener) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    (
        format!("http://{}", listener.local_addr().unwrap()),
        listener,
    )
}

/// An address on which nobody listens.
fn absent() -> String {
    let (address, listener) = hanging();
    drop(listener);
    address
}

#[tokio::test]
async fn a_collector_that_is_absent_costs_its_spans_and_they_are_counted() {
    let sonde = served(&absent(), 3).await;
    let report = sonde.shutdown(Duration::from_secs(5)).await;
    assert!(report.in_time);
    assert_eq!(
        (report.spans.ended, report.spans.sent, report.spans.failed),
        (3, 0, 3),
        "{report}"
    );
    assert!(
        sonde
            .metrics()
            .render()
            .contains("radiosonde_spans_failed_total 3\n")
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_collector_that_hangs_is_given_up_at_the_deadline() {
    let (address, _listener) = hanging();
    let sonde = served(&address, 3).await;
    let before = Instant::now();
    let report = sonde.shutdown(Duration::from_millis(400)).await;
    assert!(
        before.elapsed() < Duration::from_secs(5),
        "it waited for longer than the deadline"
    );
    assert_eq!(report.spans.ended, 3);
    assert_eq!(report.spans.failed + report.spans.dropped, 3, "{report}");
}

#[tokio::test]
async fn a_second_shutdown_returns_the_report_of_the_first() {
    let sonde = served(&absent(), 1).await;
    let first = sonde.shutdown(Duration::from_secs(5)).await;
    assert_eq!(sonde.shutdown(Duration::ZERO).await, first);
}

#[test]
fn a_sonde_that_is_dropped_without_a_runtime_ends_as_well() {
    let sonde = build("checkout").unwrap().into_sonde();
    drop(sonde);
}

#[tokio::test]
async fn what_ends_after_the_shutdown_is_dropped_and_counted() {
    let (address, _listener) = hanging();
    let sonde = served(&address, 0).await;
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    sonde.shutdown(Duration::from_millis(100)).await;
    let _ = app.oneshot(Request::new(Body::empty())).await.unwrap();
    assert!(
        sonde
            .metrics()
            .render()
            .contains("radiosonde_spans_dropped_total 1\n")
    );
}
