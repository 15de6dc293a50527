//! A collector written by others takes spans, metrics and log records over both transports.

#![cfg(all(feature = "axum", feature = "otlp-grpc"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde_testkit::eventually;
use radiosonde_testkit::otlp::Collector;
use tower::ServiceExt as _;

/// Serves three requests, each of which logs, and ends; in a child, because it installs globals.
fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let app = Router::new()
            .route("/", get(async || tracing::warn!(order = 7, "served")))
            .layer(sonde.layer());
        for _ in 0..3 {
            let request = Request::new(Body::empty());
            let _ = app.clone().oneshot(request).await.unwrap();
        }
        let report = sonde.shutdown(Duration::from_secs(20)).await;
        assert_eq!(report.spans.sent, 3, "{report}");
        assert_eq!(
            report.metric_points.sent, report.metric_points.ended,
            "{report}"
        );
        assert_eq!(
            report.log_records.sent, report.log_records.ended,
            "{report}"
        );
    });
}

#[track_caller]
fn arrives(test: &str, variables: &[(&str, &str)], endpoint: fn(&Collector) -> String) {
    if std::env::var_os("RADIOSONDE_TEST_IS_CHILD").is_some() {
        return serve();
    }
    let collector = Collector::start();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env_clear()
        .env("RADIOSONDE_TEST_IS_CHILD", "1")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint(&collector))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let (spans, records) = eventually("all of it", Duration::from_secs(30), || {
        let (spans, records) = (collector.spans(), collector.records());
        let records: Vec<_> = records
            .into_iter()
            .filter(|record| record.body == "served")
            .collect();
        let metrics = collector.points();
        let has_metrics = metrics
            .iter()
            .any(|point| point.name == "http.server.requests");
        (spans.len() == 3 && records.len() == 3 && has_metrics).then_some((spans, records))
    });
    for record in records {
        assert_eq!(record.attributes["order"], 7);
        assert_eq!(record.severity_text, "WARN");
        assert!(spans.iter().any(|span| span.span_id == record.span_id));
    }
}

#[test]
fn all_signals_arrive_over_http() {
    let gzip = [("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")];
    arrives("all_signals_arrive_over_http", &gzip, Collector::endpoint);
}

#[test]
fn all_signals_arrive_over_grpc() {
    let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    arrives(
        "all_signals_arrive_over_grpc",
        &grpc,
        Collector::grpc_endpoint,
    );
}
