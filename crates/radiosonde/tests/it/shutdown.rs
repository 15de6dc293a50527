//! The end of the telemetry, with collectors that take and that do not.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::get;
use http_body_util::BodyExt as _;
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::{Layer as _, ServiceExt as _};

use crate::account::Account;

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

/// A collector at an address on which nobody listens.
///
/// Not a port that was free a moment ago: a test that runs at the same time may be given it.
fn absent() -> FaultCollector {
    FaultCollector::start(Mode::Refuse)
}

#[tokio::test]
async fn a_collector_that_is_absent_costs_its_spans_and_they_are_counted() {
    let sonde = served(&absent().endpoint(), 3).await;
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
    let spans = Account::of_spans(&sonde);
    assert_eq!((spans.all, spans.sent), (3, 0), "{spans:?}");
}

#[tokio::test]
async fn the_last_points_of_metrics_are_accounted_for() {
    let collector = FaultCollector::start(Mode::status(200));
    let sonde = served(&collector.endpoint(), 2).await;
    let points = sonde.shutdown(Duration::from_secs(5)).await.metric_points;
    assert!(points.ended > 10, "{points:?}");
    assert_eq!(
        (points.sent, points.failed, points.dropped),
        (points.ended, 0, 0)
    );
    let requests = collector.requests().into_iter();
    let of_metrics = requests.filter(|request| request.request_line.contains(" /v1/metrics "));
    assert_eq!(of_metrics.count(), 1);

    let sonde = served(&absent().endpoint(), 0).await;
    let points = sonde.shutdown(Duration::from_secs(5)).await.metric_points;
    assert_eq!(
        (points.sent, points.failed, points.dropped),
        (0, points.ended, 0)
    );

    let (address, _listener) = hanging();
    let sonde = served(&address, 0).await;
    sonde.shutdown(Duration::from_millis(400)).await;
    assert_eq!(Account::of_points(&sonde).sent, 0);
}

#[tokio::test]
async fn a_hook_that_hangs_costs_the_metrics_and_nothing_else() {
    let collector = FaultCollector::start(Mode::status(200));
    let sonde = served(&collector.endpoint(), 3).await;
    let (_held, hangs) = std::sync::mpsc::channel::<()>();
    let hangs = std::sync::Mutex::new(hangs);
    sonde.metrics().before_reading(move || {
        let _ = hangs.lock().unwrap().recv();
    });
    // As long as a busy machine may need for three spans.
    let report = sonde.shutdown(Duration::from_secs(4)).await;
    assert_eq!(
        (report.spans.sent, report.metric_points.ended),
        (3, 0),
        "{report}"
    );
}

#[tokio::test]
async fn points_that_the_collector_refuses_are_failed() {
    // A partial success, in which 5 are refused. It is the same message for spans, which may come in several.
    let answer = Mode::answer("application/x-protobuf", [0x0a, 0x02, 0x08, 0x05]);
    let collector = FaultCollector::start(answer);
    let sonde = served(&collector.endpoint(), 3).await;
    let report = sonde.shutdown(Duration::from_secs(5)).await;
    let points = report.metric_points;
    assert_eq!(
        (points.sent, points.failed),
        (points.ended - 5, 5),
        "{points:?}"
    );
    assert_eq!((report.spans.sent, report.spans.failed), (0, 3), "{report}");
}

#[tokio::test]
async fn a_second_shutdown_returns_the_report_of_the_first() {
    let sonde = served(&absent().endpoint(), 1).await;
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
    // A worker that was given up on may still be about to say so.
    eventually(
        "the span that came too late",
        Duration::from_secs(10),
        || {
            let text = sonde.metrics().render();
            text.contains("radiosonde_spans_dropped_total 1\n")
                .then_some(())
        },
    );
}

#[tokio::test]
async fn a_deadline_beyond_all_time_is_one_nevertheless() {
    let sonde = served(&absent().endpoint(), 1).await;
    let report = sonde.shutdown(Duration::MAX).await;
    assert!(report.in_time);
    assert_eq!(report.spans.failed, 1, "{report}");
}

#[test]
fn plain_http_needs_no_certificates() {
    if crate::child::is_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap();
            let sonde = served(&endpoint, 2).await;
            let report = sonde.shutdown(Duration::from_secs(5)).await;
            assert_eq!(report.spans.sent, 2, "{report}");
        });
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let variables = [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint()),
    ];
    crate::child::printed(&crate::child::run(
        "shutdown::plain_http_needs_no_certificates",
        &variables,
    ));
}

#[tokio::test]
async fn a_trace_that_is_recorded_elsewhere_keeps_its_flag_where_nothing_is_exported() {
    let sonde = build("checkout").unwrap().into_sonde();
    let client = sonde.client_layer();
    let handler = async move || {
        let echo = tower::service_fn(async |request: Request<Body>| {
            let parent = request.headers()["traceparent"]
                .to_str()
                .unwrap()
                .to_owned();
            Ok::<_, std::convert::Infallible>(Response::new(parent))
        });
        let request = Request::get("http://stock.internal/").body(Body::empty());
        let answer = client.layer(echo).oneshot(request.unwrap()).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    };
    let app = Router::new().route("/", get(handler)).layer(sonde.layer());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request::builder()
        .header("traceparent", parent)
        .body(Body::empty())
        .unwrap();
    let body = app.oneshot(request).await.unwrap().into_body();
    let body = axum::body::to_bytes(body, 100).await.unwrap();
    assert_eq!(body, parent);
}

#[test]
fn what_is_logged_after_the_shutdown_is_written() {
    if crate::child::is_child() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let sonde = radiosonde::init("checkout").unwrap();
        let report = runtime
            .unwrap()
            .block_on(sonde.shutdown(Duration::from_secs(20)));
        assert!(report.in_time, "{report}");
        tracing::info!("the last word");
        drop(sonde);
        // Nobody waits for threads, then.
        std::process::exit(0);
    }
    let name = "shutdown::what_is_logged_after_the_shutdown_is_written";
    let text = crate::child::printed(&crate::child::run(name, &[]));
    assert!(text.contains("the last word"), "{text}");
}
