//! Every hostile request against every endpoint: the answer is the service's own.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use radiosonde::errors::ErrorOptions;
use radiosonde::layer::RequestOptions;
use radiosonde::testing::Telemetry;
use radiosonde::trace::Propagator;
use radiosonde::{Config, LogFormat, Sonde, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::hostile::{HostileRequest, requests};
use radiosonde_testkit::size;
use radiosonde_testkit::strict::{Format, parse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::errors::events;
use crate::exported::resource_spans;

const ENDPOINTS: [&str; 18] = [
    "/orders/7",
    "/echo",
    "/fail",
    "/nowhere",
    "/live",
    "/ready",
    "/health",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/health/none",
    "/metrics",
    "/health/metrics",
    "/slo",
    "/admin",
    "/admin/catalog",
    "/admin/log-filter",
    "/admin/out-of-service",
];

/// All headers that traces come by are read, the hostile ones of each.
const EVERY_FORMAT: [Propagator; 5] = [
    Propagator::TraceContext,
    Propagator::Baggage,
    Propagator::B3,
    Propagator::B3Multi,
    Propagator::Jaeger,
];

/// Sends a request, and returns the status of the answer, unless the server hung up without one.
async fn status(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has refused the beginning need not read the rest.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let mut stream = stream.take(4_096);
    let _ = stream.read_to_end(&mut answer).await;
    let line = answer.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

/// Asks endpoints from `first` on: every one at full size, else some, in turn. Returns what went wrong.
async fn ask_from(
    first: usize,
    address: SocketAddr,
    request: &HostileRequest,
    usual: &[Option<u16>],
) -> Vec<String> {
    let endpoints = ENDPOINTS
        .iter()
        .zip(usual)
        .cycle()
        .skip(first % ENDPOINTS.len());
    let mut wrong = Vec::new();
    for (path, usual) in endpoints.take(size(2, ENDPOINTS.len())) {
        let status = status(address, &request.bytes(path)).await;
        // The server may refuse what is no HTTP, or hang up on it; a range or a date may be heeded. What else it takes, it
        // answers as ever.
        let refused = status.is_none_or(|status| (400..500).contains(&status));
        let as_usual = !request.asks_as_usual() || status == *usual;
        let fails = status.is_some_and(|status| status >= 500) && status != *usual;
        if fails || !(refused || as_usual) {
            wrong.push(format!("{request:?} at {path}: {status:?}, else {usual:?}"));
        }
    }
    wrong
}

/// Counts the panics of the process, which is this test's own.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let counted = panics.clone();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        counted.fetch_add(1, Relaxed);
        previous(panic);
    }));
    panics
}

/// A service whose spans and reports arrive somewhere.
fn exporting(spans: &FaultCollector, reports: &FaultCollector) -> Sonde {
    let requests = RequestOptions::new()
        .record_query(true)
        .capture_headers(["user-agent", "x-request-id"]);
    let errors = ErrorOptions::new().events_per_minute(1_000_000).headers([
        "user-agent",
        "x-request-id",
        "referer",
    ]);
    let config = Config::new("checkout")
        .otlp_endpoint(spans.endpoint())
        .propagators(EVERY_FORMAT)
        .sentry_dsn(format!("http://key@{}/1", reports.addr()))
        .requests(requests)
        .errors(errors);
    build(config).unwrap().into_sonde()
}

/// What has a text of somebody else in it that was made for a terminal, or for nobody.
fn is_odd(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Looks at what arrived: all of it can be read, and what names it is the service's own.
fn read_spans(collector: &FaultCollector) {
    let resources = resource_spans(collector).into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    let spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
    let names: BTreeSet<_> = spans.iter().map(|span| span.name.as_str()).collect();
    // Methods, times routes.
    assert!(spans.len() > 100, "{}", spans.len());
    assert!(names.len() <= 70, "{names:?}");
    for span in &spans {
        assert!(
            !is_odd(&span.name) && !is_odd(&span.trace_state),
            "{span:?}"
        );
        assert_eq!(
            (span.trace_id.len(), span.span_id.len()),
            (16, 8),
            "{span:?}"
        );
    }
}

fn read_reports(collector: &FaultCollector) {
    let events = events(collector);
    assert!(events.len() > 10, "{}", events.len());
    for event in events {
        assert_eq!(
            event["transaction"].as_str().map(is_odd),
            Some(false),
            "{event:#}"
        );
        let path = event["request"]["url"].as_str().unwrap();
        assert!(path.len() <= 8_192, "{event:#}");
    }
}

#[test]
fn no_endpoint_panics_or_fails_whatever_it_is_sent() {
    let name = "corpus::no_endpoint_panics_or_fails_whatever_it_is_sent";
    if !crate::child::is_child() {
        crate::child::printed(&crate::child::run(name, &[]));
        return;
    }
    let panics = count_panics();
    let requests_options = RequestOptions::new()
        .access_log(1.0)
        .body_sizes(true)
        .trace_id_header("x-trace-id");
    let config = Config::new("checkout")
        .log_format(LogFormat::Json)
        .propagators(EVERY_FORMAT)
        .requests(requests_options);
    let telemetry = Telemetry::new(config);
    let sonde = telemetry.sonde().clone();
    let [spans, reports] = [(), ()].map(|()| FaultCollector::start(Mode::status(200)));
    let exporting = exporting(&spans, &reports);
    let app = Router::new()
        .route("/fail", any(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/orders/{id}", get(async || "an order"))
        .route(
            "/echo",
            post(async |body: String| body).get(async || "an echo"),
        )
        .merge(sonde.admin_router())
        .layer(exporting.layer())
        .layer(sonde.layer());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let served = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, app).into_future());
        let plain =
            |path: &str| format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let mut usual = Vec::new();
        for path in ENDPOINTS {
            usual.push(status(address, plain(path).as_bytes()).await);
        }
        let mut wrong = Vec::new();
        for (turn, request) in requests().iter().enumerate() {
            let asked = ask_from(turn, address, request, &usual);
            match tokio::time::timeout(Duration::from_mins(1), asked).await {
                Ok(found) => wrong.extend(found),
                Err(_) => wrong.push(format!("{request:?} is not answered")),
            }
            // More than some thousand lines that wait to be written are lost, as they should be.
            if turn % 100 == 0 {
                let _ = telemetry.logs();
            }
        }
        exporting.shutdown(Duration::from_secs(30)).await;
        wrong
    };
    // All of it runs on this thread.
    let wrong = telemetry.record(|| runtime.block_on(served));
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(panics.load(Relaxed), 0);

    // What came of it can be read.
    read_spans(&spans);
    read_reports(&reports);
    let metrics = sonde.metrics().render();
    parse(Format::Text, &metrics).unwrap();
    let answered = metrics
        .lines()
        .filter(|line| line.starts_with("http_requests_total{"));
    // Methods, times routes, times statuses.
    assert!(answered.count() <= 60, "{metrics}");
    let logs = telemetry.logs();
    assert!(logs.lines().len() > 100, "{}", logs.lines().len());
    for line in logs.lines() {
        let parsed: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(
            parsed.is_object() && !line.chars().any(char::is_control),
            "{line:?}"
        );
    }
}
