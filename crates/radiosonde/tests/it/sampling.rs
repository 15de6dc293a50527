//! Which requests have spans that arrive.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use opentelemetry_proto::tonic::trace::v1::Span;
use radiosonde::layer::RequestOptions;
use radiosonde::trace::{Propagator, SamplingOptions};
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::{Layer as _, ServiceExt as _};

use crate::child::{self, printed};
use crate::exported::{resource_spans, spans};

async fn ask(sonde: &Sonde, path: &str, headers: &[(&str, &str)]) {
    let app = Router::new()
        .route("/", get(async || ""))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/cheap", get(async || ""))
        .layer(sonde.layer());
    let request = headers
        .iter()
        .fold(Request::get(path), |request, (name, value)| {
            request.header(*name, *value)
        });
    let _ = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
}

fn sonde(collector: &FaultCollector, with: impl FnOnce(Config) -> Config) -> Sonde {
    let config = Config::new("checkout").otlp_endpoint(collector.endpoint());
    build(with(config)).unwrap().into_sonde()
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[tokio::test]
async fn a_route_that_is_not_sampled_has_no_spans() {
    let collector = FaultCollector::start(Mode::status(200));
    let sampling = SamplingOptions::new().route("/cheap", 0.0);
    let sonde = sonde(&collector, |config| config.sampling(sampling));
    ask(&sonde, "/cheap", &[]).await;
    ask(&sonde, "/", &[]).await;
    assert_eq!(names(&spans(sonde, &collector).await), ["GET /"]);
}

/// Asks for probes, for a scrape and for the service itself. Returns the names of the spans, and the metrics.
async fn probe_with(requests: RequestOptions) -> (Vec<String>, String) {
    let collector = FaultCollector::start(Mode::status(200));
    let sonde = sonde(&collector, |config| config.requests(requests));
    let app = Router::new()
        .route("/", get(async || ""))
        .merge(sonde.router())
        .layer(sonde.layer());
    for path in [
        "/health",
        "/health/live",
        "/health/ready",
        "/health/startup",
        "/live",
        "/ready",
        "/metrics",
        "/",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body = response.into_body();
        axum::body::to_bytes(body, usize::MAX).await.unwrap();
    }
    let metrics = sonde.metrics().render();
    let mut names: Vec<_> = spans(sonde, &collector)
        .await
        .into_iter()
        .map(|span| span.name)
        .collect();
    names.sort_unstable();
    (names, metrics)
}

#[tokio::test]
async fn probes_and_scrapes_have_no_spans() {
    let (names, _) = probe_with(RequestOptions::new()).await;
    assert_eq!(names, ["GET /"]);
}

#[tokio::test]
async fn probes_have_spans_and_are_measured_where_that_is_asked_for() {
    let requests = RequestOptions::new()
        .measure_own_endpoints(true)
        .exclude(["/metrics"]);
    let (names, metrics) = probe_with(requests).await;
    let expected = [
        "GET /",
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
        "GET /health/startup",
        "GET /live",
        "GET /ready",
    ];
    assert_eq!(names, expected);
    let counted = r#"http_requests_total{method="GET",outcome="ok",route="/live",status="200"} 1"#;
    assert!(metrics.contains(&format!("{counted}\n")), "{metrics}");
    assert!(!metrics.contains(r#"route="/metrics""#), "{metrics}");
}

/// A service that keeps what fails, asked twice below a parent that is not sampled. Returns the parent that it sends on.
async fn fail_below_a_parent() -> String {
    let sampling = SamplingOptions::new().keep_errors();
    let sonde = radiosonde::init(Config::new("checkout").sampling(sampling)).unwrap();
    let client = sonde.client_layer();
    let sent = Arc::new(Mutex::new(String::new()));
    let sent_on = sent.clone();
    let fail = async move || {
        tracing::info_span!("price").in_scope(|| ());
        let stock = tower::service_fn(async |request: Request<Body>| {
            let parent = request.headers()["traceparent"].to_str().unwrap();
            parent.clone_into(&mut sent_on.lock().unwrap());
            Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
        });
        let request = Request::get("http://stock.internal/").body(Body::empty());
        let called = client.layer(stock).oneshot(request.unwrap()).await;
        called.unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let app = Router::new()
        .route(
            "/",
            get(async || tracing::info_span!("price").in_scope(|| "")),
        )
        .route("/fail", get(fail))
        .layer(sonde.layer());
    for path in ["/", "/fail"] {
        let request = Request::get(path).header("traceparent", NOT_SAMPLED);
        let request = request.body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap().into_body();
        axum::body::to_bytes(answer, 100).await.unwrap();
    }
    let report = sonde.shutdown(Duration::from_secs(20)).await;
    assert_eq!(report.spans.sent, 3, "{report}");
    std::mem::take(&mut *sent.lock().unwrap())
}

#[test]
fn below_a_parent_that_is_not_sampled_all_that_was_done_for_what_fails_is_kept() {
    if child::is_child() {
        println!("\nsent on: {}", runtime().block_on(fail_below_a_parent()));
        return;
    }
    let name =
        "sampling::below_a_parent_that_is_not_sampled_all_that_was_done_for_what_fails_is_kept";
    let collector = FaultCollector::start(Mode::status(200));
    let endpoint = collector.endpoint();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    let text = printed(&child::run(name, &variables));
    // For others the trace is what it was: one that is not recorded.
    let sent_on = text.lines().find_map(|line| line.strip_prefix("sent on: "));
    let sent_on = sent_on.unwrap();
    assert_eq!(sent_on[..36], NOT_SAMPLED[..36]);
    assert!(sent_on.ends_with("-00"), "{sent_on}");

    let scopes = resource_spans(&collector).into_iter();
    let scopes = scopes.flat_map(|resource| resource.scope_spans);
    let mut spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
    spans.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(names(&spans), ["GET", "GET /fail", "price"]);
    let root = &spans[1];
    assert_eq!(hex(&root.parent_span_id), NOT_SAMPLED[36..52]);
    for span in &spans {
        assert_eq!(hex(&span.trace_id), NOT_SAMPLED[3..35], "{span:?}");
        let is_root = span.span_id == root.span_id;
        assert!(is_root || span.parent_span_id == root.span_id, "{span:?}");
    }
}

#[tokio::test]
async fn a_request_that_fails_is_kept() {
    let collector = FaultCollector::start(Mode::status(200));
    let sampling = SamplingOptions::new().ratio(0.0).keep_errors();
    let sonde = sonde(&collector, |config| config.sampling(sampling));
    ask(&sonde, "/", &[]).await;
    ask(&sonde, "/fail", &[]).await;
    let spans = spans(sonde, &collector).await;
    assert_eq!(names(&spans), ["GET /fail"]);
    assert_eq!(spans[0].status.as_ref().unwrap().code, 2);
}

#[tokio::test]
async fn a_request_that_is_slow_is_kept() {
    let collector = FaultCollector::start(Mode::status(200));
    let sampling = SamplingOptions::new()
        .ratio(0.0)
        .keep_slower_than(Duration::ZERO);
    let sonde = sonde(&collector, |config| config.sampling(sampling));
    ask(&sonde, "/", &[]).await;
    assert_eq!(names(&spans(sonde, &collector).await), ["GET /"]);
}

#[tokio::test]
async fn a_stranger_is_linked_and_not_trusted() {
    let collector = FaultCollector::start(Mode::status(200));
    let sonde = sonde(&collector, |config| {
        config.requests(RequestOptions::new().public_edge(true))
    });
    let sent = Arc::new(Mutex::new(HeaderMap::new()));
    let (client, sent_on) = (sonde.client_layer(), sent.clone());
    let call = async move || {
        let stock = tower::service_fn(async |request: Request<Body>| {
            sent_on.lock().unwrap().clone_from(request.headers());
            Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
        });
        let request = Request::get("http://stock.internal/").body(Body::empty());
        client.layer(stock).oneshot(request.unwrap()).await.unwrap();
    };
    let app = Router::new().route("/", get(call)).layer(sonde.layer());
    let request = Request::get("/")
        .header("traceparent", PARENT)
        .header("tracestate", "stranger=1")
        .header("baggage", "stranger=1");
    let request = request.body(Body::empty()).unwrap();
    let answer = app.oneshot(request).await.unwrap();
    drop(answer);
    let spans = spans(sonde, &collector).await;
    let stranger = &PARENT[3..35];
    let is_of_request = |span: &&Span| span.name == "GET /";
    let span = spans.iter().find(is_of_request).unwrap();
    assert_ne!(hex(&span.trace_id), stranger);
    assert!(span.parent_span_id.is_empty() && span.trace_state.is_empty());
    assert_eq!(hex(&span.links[0].trace_id), stranger);
    assert_eq!(span.links[0].trace_state, "");
    // Nor does what he says go on to others.
    let sent = std::mem::take(&mut *sent.lock().unwrap());
    let parent = sent["traceparent"].to_str().unwrap();
    assert_eq!(parent[3..35], hex(&span.trace_id));
    assert!(!format!("{sent:?}").contains("stranger"), "{sent:?}");
}

#[tokio::test]
async fn a_decision_that_is_left_to_us_is_ours() {
    let collector = FaultCollector::start(Mode::status(200));
    let sampling = SamplingOptions::new().ratio(1.0);
    let sonde = sonde(&collector, |config| {
        config.sampling(sampling).propagators([Propagator::B3])
    });
    let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
    ask(&sonde, "/", &[("b3", ids)]).await;
    ask(&sonde, "/", &[("b3", &format!("{ids}-0"))]).await;
    assert_eq!(spans(sonde, &collector).await.len(), 1);
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Asks until a server of strategies has said that nothing is to be recorded: until it has answered, all is.
fn until_nothing_is_recorded(sonde: &Sonde) {
    let runtime = runtime();
    let ended = || {
        let metrics = sonde.metrics().render();
        let ended = |line: &str| {
            Some(
                line.strip_prefix("radiosonde_spans_ended_total ")?
                    .to_owned(),
            )
        };
        metrics.lines().find_map(ended)
    };
    let strategies = "strategies by which nothing is recorded";
    eventually(strategies, Duration::from_secs(30), || {
        let before = ended();
        runtime.block_on(ask(sonde, "/", &[]));
        (ended() == before).then_some(())
    });
}

#[test]
fn a_server_says_which_traces_are_recorded() {
    let collector = FaultCollector::start(Mode::status(200));
    let none = r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0}}"#;
    let jaeger = FaultCollector::start(Mode::answer("application/json", none));
    let sampling = SamplingOptions::new().strategies(format!("{}/sampling", jaeger.endpoint()));
    let sonde = sonde(&collector, |config| config.sampling(sampling));
    until_nothing_is_recorded(&sonde);
    assert_eq!(jaeger.requests()[0].path(), "/sampling?service=checkout");

    let runtime = runtime();
    runtime.block_on(ask(&sonde, "/fail", &[("traceparent", PARENT)]));
    let spans = runtime.block_on(spans(sonde, &collector));
    let mut decided_elsewhere = spans.iter().filter(|span| span.name != "GET /");
    assert_eq!(decided_elsewhere.next().unwrap().name, "GET /fail");
    assert!(decided_elsewhere.next().is_none());
}

#[test]
fn strategies_in_a_file_hold_from_the_first_request() {
    let directory = std::env::temp_dir().join(format!("radiosonde-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("strategies.json");
    let none = r#"{"default_strategy":{"type":"probabilistic","param":0,
        "operation_strategies":[{"operation":"GET /","type":"probabilistic","param":1}]}}"#;
    std::fs::write(&file, none).unwrap();
    let collector = FaultCollector::start(Mode::status(200));
    let sampling = SamplingOptions::new().strategies(file.to_str().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let names = runtime.block_on(async {
        let sonde = sonde(&collector, |config| config.sampling(sampling));
        ask(&sonde, "/", &[]).await;
        ask(&sonde, "/cheap", &[]).await;
        spans(sonde, &collector).await
    });
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(self::names(&names), ["GET /"]);
}

/// A server of the specification's kind: an address without a path is spoken to over gRPC.
#[cfg(feature = "otlp-grpc")]
#[test]
fn a_server_says_it_over_grpc_as_well() {
    use axum::response::Response;
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};

    async fn answer(request: Request<Body>) -> Response {
        assert_eq!(request.version(), http::Version::HTTP_2);
        let body = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&body[..], b"\0\0\0\0\x0a\x0a\x08checkout");
        // A share, which is that of nothing.
        let body = Full::new(Bytes::from_static(b"\0\0\0\0\x02\x12\0"));
        let ok = [("grpc-status".parse().unwrap(), "0".parse().unwrap())];
        let trailers = ok.into_iter().collect::<http::HeaderMap>();
        let body = body.with_trailers(std::future::ready(Some(Ok::<_, std::convert::Infallible>(
            trailers,
        ))));
        Response::new(Body::new(body))
    }

    let server = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let address = server.block_on(async {
        let method = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
        let app = Router::new().route(method, axum::routing::post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    });
    let collector = FaultCollector::start(Mode::status(200));
    let sampling = SamplingOptions::new().strategies(format!("http://{address}"));
    let sonde = sonde(&collector, |config| config.sampling(sampling));
    until_nothing_is_recorded(&sonde);
    runtime().block_on(spans(sonde, &collector));
}
