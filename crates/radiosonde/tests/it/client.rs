//! A service that calls another one: both are real, and so is what is between them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::{Layer as _, ServiceExt as _};

/// The headers that the called service got.
type Got = Arc<Mutex<Vec<HeaderMap>>>;

/// Starts the service that is called, and returns its address.
async fn stock(got: &Got) -> String {
    async fn answer(State(got): State<Got>, headers: HeaderMap) -> &'static str {
        got.lock().unwrap().push(headers);
        "in stock"
    }
    let app = Router::new()
        .route("/stock/{id}", get(answer))
        .route("/gone/{id}", get(async || StatusCode::GONE))
        .with_state(got.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://user:secret@{addr}")
}

/// Makes the service that calls it: whoever asks it for `/{path}` has it ask for that.
fn shop(sonde: &Sonde, stock: String) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let client = sonde.client_layer().layer(client);
    let ask = async move |axum::extract::Path(path): axum::extract::Path<String>| {
        let request = Request::get(format!("{stock}/{path}/7?token=secret"));
        let request = request.body(Body::empty()).unwrap();
        let response = client.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(Body::new(response.into_body()), 100)
            .await
            .unwrap()
    };
    Router::new()
        .route("/{path}", get(ask))
        .layer(sonde.layer())
}

async fn ask(shop: &Router, path: &str, traceparent: &str) {
    let request = Request::get(path).header("traceparent", traceparent);
    let request = request.body(Body::empty()).unwrap();
    let response = shop.clone().oneshot(request).await.unwrap();
    axum::body::to_bytes(response.into_body(), 100)
        .await
        .unwrap();
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// The `traceparent` that the called service got, as trace, span and flags.
fn traceparent(got: &Got) -> [String; 3] {
    let got = got.lock().unwrap();
    let [headers] = &got[..] else {
        panic!("not one request: {got:?}")
    };
    let text = headers["traceparent"].to_str().unwrap();
    let parts: Vec<_> = text.splitn(4, '-').skip(1).map(str::to_owned).collect();
    parts.try_into().unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn holds(exported: &[u8], part: &[u8]) -> bool {
    exported.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_sampled_trace_goes_on_below_the_span_of_the_client() {
    let (collector, got) = (FaultCollector::start(Mode::status(200)), Got::default());
    let config = Config::new("shop").otlp_endpoint(collector.endpoint());
    let sonde = build(config).unwrap().into_sonde();
    let shop = shop(&sonde, stock(&got).await);
    ask(&shop, "/stock", &format!("00-{TRACE}-{CALLER}-01")).await;
    let [trace, span, flags] = traceparent(&got);
    assert_eq!((&*trace, &*flags), (TRACE, "01"));
    assert_ne!(span, CALLER);

    let report = sonde.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.spans.sent, 2, "{report}");
    let requests = collector.requests();
    let exported: Vec<_> = requests.iter().flat_map(|request| &request.body).collect();
    let exported: Vec<u8> = exported.into_iter().copied().collect();
    assert!(holds(&exported, &bytes(&span)));
    assert!(holds(&exported, b"/stock/7"));
    assert!(!holds(&exported, b"secret"));
}

#[tokio::test]
async fn a_trace_that_is_not_sampled_goes_on_without_spans() {
    let (collector, got) = (FaultCollector::start(Mode::status(200)), Got::default());
    let config = Config::new("shop").otlp_endpoint(collector.endpoint());
    let sonde = build(config).unwrap().into_sonde();
    let shop = shop(&sonde, stock(&got).await);
    ask(&shop, "/stock", &format!("00-{TRACE}-{CALLER}-00")).await;
    let [trace, _, flags] = traceparent(&got);
    assert_eq!((&*trace, &*flags), (TRACE, "00"));
    let report = sonde.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.spans.ended, 0, "{report}");
}

#[tokio::test]
async fn where_nothing_is_exported_a_trace_passes_through() {
    let got = Got::default();
    let sonde = build("shop").unwrap().into_sonde();
    let shop = shop(&sonde, stock(&got).await);
    ask(&shop, "/stock", &format!("00-{TRACE}-{CALLER}-01")).await;
    assert_eq!(traceparent(&got), [TRACE, CALLER, "01"]);
}

#[tokio::test]
async fn what_a_service_calls_is_counted_beside_what_it_serves() {
    let sonde = build("shop").unwrap().into_sonde();
    let shop = shop(&sonde, stock(&Got::default()).await);
    for path in ["/stock", "/stock", "/gone"] {
        ask(&shop, path, "").await;
    }
    let text = sonde.metrics().render();
    for line in [
        r#"http_requests_total{method="GET",outcome="ok",route="/{path}",status="200"} 3"#,
        r#"http_client_requests_total{method="GET",outcome="ok",server="127.0.0.1",status="200"} 2"#,
        r#"http_client_requests_total{method="GET",outcome="error",server="127.0.0.1",status="410"} 1"#,
        r#"http_client_errors_total{error_type="410",method="GET",server="127.0.0.1"} 1"#,
        r#"http_client_active_requests{method="GET",server="127.0.0.1"} 0"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_layer_may_be_told_which_servers_have_a_name() {
    let sonde = build("shop").unwrap().into_sonde();
    let layer = sonde.client_layer_with(|options| options.servers(["stock.internal"]));
    for host in ["stock.internal", "elsewhere"] {
        let client = tower::service_fn(async |_: Request<Body>| {
            Ok::<_, std::convert::Infallible>(axum::http::Response::new(Body::empty()))
        });
        let request = Request::get(format!("http://{host}/")).body(Body::empty());
        let _ = layer.layer(client).oneshot(request.unwrap()).await;
    }
    let text = sonde.metrics().render();
    for server in ["stock.internal", "_OTHER"] {
        let labels = format!(r#"{{method="GET",outcome="ok",server="{server}",status="200"}}"#);
        assert!(text.contains(&format!("http_client_requests_total{labels} 1\n")));
    }
}

/// Makes the service that asks for the same by reqwest.
#[cfg(feature = "reqwest")]
fn shop_with_reqwest(sonde: &Sonde, stock: String) -> Router {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = reqwest_middleware::ClientBuilder::new(client);
    let client = client.with(sonde.client_layer()).build();
    let ask = async move |axum::extract::Path(path): axum::extract::Path<String>| {
        let response = client.get(format!("{stock}/{path}/7?token=secret"));
        response.send().await.unwrap().bytes().await.unwrap()
    };
    Router::new()
        .route("/{path}", get(ask))
        .layer(sonde.layer())
}

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn what_is_called_by_reqwest_gets_the_trace_and_is_counted() {
    let (collector, got) = (FaultCollector::start(Mode::status(200)), Got::default());
    let config = Config::new("shop").otlp_endpoint(collector.endpoint());
    let sonde = build(config).unwrap().into_sonde();
    let shop = shop_with_reqwest(&sonde, stock(&got).await);
    ask(&shop, "/stock", &format!("00-{TRACE}-{CALLER}-01")).await;
    let [trace, span, flags] = traceparent(&got);
    assert_eq!((&*trace, &*flags), (TRACE, "01"));
    assert_ne!(span, CALLER);
    // One that is not there, which is an answer to reqwest.
    ask(&shop, "/gone", "").await;

    let text = sonde.metrics().render();
    for line in [
        r#"http_client_requests_total{method="GET",outcome="ok",server="127.0.0.1",status="200"} 1"#,
        r#"http_client_requests_total{method="GET",outcome="error",server="127.0.0.1",status="410"} 1"#,
        r#"http_client_active_requests{method="GET",server="127.0.0.1"} 0"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    let report = sonde.shutdown(Duration::from_secs(30)).await;
    assert_eq!(report.spans.sent, 4, "{report}");
    let requests = collector.requests();
    let exported: Vec<u8> = requests
        .into_iter()
        .flat_map(|request| request.body)
        .collect();
    assert!(holds(&exported, &bytes(&span)));
    assert!(!holds(&exported, b"secret"));
}
