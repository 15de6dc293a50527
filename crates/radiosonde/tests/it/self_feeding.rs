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
/// Returns how many exports of metrics there were, how many spans and records, and how many of both were sent.
fn serve(patience: Duration) -> [u64; 4] {
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
        let report = sonde.shutdown(patience).await;
        let [spans, records] = [report.spans, report.log_records];
        [
            exports,
            spans.ended,
            records.ended,
            spans.sent + records.sent,
        ]
    })
}

/// Starts a collector that takes whatever comes over gRPC, for as long as the process lasts, and returns its address.
#[cfg(feature = "otlp-grpc")]
fn grpc_collector() -> String {
    use axum::response::Response;
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};

    async fn take(request: Request<Body>) -> Response {
        assert_eq!(request.version(), http::Version::HTTP_2);
        request.into_body().collect().await.unwrap();
        let ok = [("grpc-status".parse().unwrap(), "0".parse().unwrap())];
        let trailers = ok.into_iter().collect::<http::HeaderMap>();
        let trailers = std::future::ready(Some(Ok::<_, std::convert::Infallible>(trailers)));
        // The answer of every signal may be empty.
        let body = Full::new(Bytes::from_static(&[0; 5])).with_trailers(trailers);
        let response = Response::builder().header("content-type", "application/grpc");
        response.body(Body::new(body)).unwrap()
    }

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::new().fallback(take)).await
        })
    });
    format!("http://{address}")
}

#[test]
fn exports_make_neither_spans_nor_records_over_any_protocol_and_in_any_mode() {
    if child::is_child() {
        let patience = std::env::var(PATIENCE).unwrap().parse().unwrap();
        let [exports, spans, records, sent] = serve(Duration::from_secs(patience));
        println!("\nexports: {exports}\nspans: {spans}\nrecords: {records}\nsent: {sent}");
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
            let takes = mode_name == "takes";
            let endpoint = match protocol {
                #[cfg(feature = "otlp-grpc")]
                "grpc" if takes => grpc_collector(),
                _ => collector.endpoint(),
            };
            let variables = [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                // Where something is to arrive, it may take as long as a busy machine needs.
                (PATIENCE, if takes { "20" } else { "2" }),
                (
                    "OTEL_EXPORTER_OTLP_TIMEOUT",
                    if takes { "10000" } else { "100" },
                ),
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
            assert_eq!(told("sent: "), if takes { 3 } else { 0 }, "{case}");
        }
    }
}

/// For how many seconds the child may send what is left.
const PATIENCE: &str = "RADIOSONDE_TEST_PATIENCE";
