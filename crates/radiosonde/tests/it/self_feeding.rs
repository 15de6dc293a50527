//! What the way out says of itself is not sent out again.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use crate::child::{self, printed};

/// Answers one request, logs once, and ends; everything is traced and logged, and exports are many.
/// Returns how many exports of metrics there were, and how many spans and records.
fn serve() -> [u64; 3] {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let app = Router::new()
            .route("/", get(async || tracing::info!("the only event")))
            .layer(sonde.layer());
        let _ = app.oneshot(Request::new(Body::empty())).await.unwrap();
        // Metrics go out again and again meanwhile, and their connection is traced.
        let sent_or_not = || {
            let metrics = sonde.metrics().render();
            let count = |name: &str| {
                let number = |line: &str| line.strip_prefix(name)?.parse::<u64>().ok();
                metrics.lines().find_map(number).unwrap_or_default()
            };
            count("radiosonde_metric_points_sent_total ")
                + count("radiosonde_metric_points_failed_total ")
        };
        let mut exports = 0;
        let mut before = 0;
        let given_up = std::time::Instant::now() + Duration::from_secs(30);
        while exports < 3 && std::time::Instant::now() < given_up {
            tokio::task::yield_now().await;
            let now = sent_or_not();
            exports += u64::from(now != before);
            before = now;
        }
        let report = sonde.shutdown(Duration::from_secs(2)).await;
        [exports, report.spans.ended, report.log_records.ended]
    })
}

#[test]
fn exports_make_neither_spans_nor_records_over_any_protocol_and_in_any_mode() {
    if child::is_child() {
        let [exports, spans, records] = serve();
        println!("\nexports: {exports}\nspans: {spans}\nrecords: {records}");
        return;
    }
    let name =
        "self_feeding::exports_make_neither_spans_nor_records_over_any_protocol_and_in_any_mode";
    let modes = [
        ("takes", Mode::status(200)),
        ("refuses connections", Mode::Refuse),
        ("hangs", Mode::Hang),
        ("resets", Mode::Reset),
        ("is ill", Mode::status(503)),
    ];
    let protocols = ["http/protobuf", "grpc"];
    for (mode_name, mode) in modes {
        for protocol in protocols {
            if protocol == "grpc" && !cfg!(feature = "otlp-grpc") {
                continue;
            }
            let collector = FaultCollector::start(mode.clone());
            let endpoint = collector.endpoint();
            let variables = [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
                ("OTEL_BSP_SCHEDULE_DELAY", "100"),
                ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
                // OpenTelemetry tells of itself where some crate of the build has asked for that.
                ("RUST_LOG", "trace,opentelemetry=off"),
            ];
            let text = printed(&child::run(name, &variables));
            let case = format!("{protocol}, a collector that {mode_name}");
            let told = |what: &str| {
                let mut lines = text.lines();
                let found = lines.find_map(|line| line.strip_prefix(what)?.parse::<u64>().ok());
                found.unwrap_or_else(|| panic!("{case}: {what} is not in {text}"))
            };
            assert_eq!(told("exports: "), 3, "{case}");
            // What was logged of the exports, there is a lot of it, is in the lines alone.
            let of_the_client = text.matches("\"target\":\"hyper_util").count();
            assert!(of_the_client > 0, "{case}: nothing is traced");
            assert_eq!(told("spans: "), 1, "{case}");
            // That telemetry is on, and the event of the service.
            assert_eq!(told("records: "), 2, "{case}");
        }
    }
}
