//! Spans of HTTP servers, by the stable conventions.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::get;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use radiosonde::layer::RequestOptions;
use radiosonde::{Config, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use super::table::Kind::{Number, Text, Texts};
use super::table::Level::{If, OptIn, Ours, Recommended, Required};
use super::table::{Row, Story, conform, left_out, row};
use crate::exported::spans;

const NOT_ASKED_FOR: &str = "opt-in, and nobody has asked for it";

/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server>
const TABLE: &[Row] = &[
    row("http.request.method", Required, Text, "GET"),
    row("url.path", Required, Text, "/search"),
    row("url.scheme", Required, Text, "https"),
    row("error.type", If("it ended with an error"), Text, "500"),
    row(
        "http.request.method_original",
        If("it differs"),
        Text,
        "ACL",
    ),
    row(
        "http.response.status_code",
        If("one was sent"),
        Number,
        "200",
    ),
    row("http.route", If("there is one"), Text, "/users/{id}"),
    left_out(
        "network.protocol.name",
        If("it is not `http`"),
        Text,
        "spdy",
        "it always is",
    ),
    row("server.port", If("it is known"), Number, "8443"),
    // Off by default, because it may hold secrets that have no name.
    row("url.query", If("there is one"), Text, "q=OpenTelemetry"),
    row("client.address", Recommended, Text, "83.164.160.102"),
    row("network.peer.address", Recommended, Text, "10.1.2.80"),
    row("network.peer.port", Recommended, Number, "65123"),
    row("network.protocol.version", Recommended, Text, "1.1"),
    row("server.address", Recommended, Text, "example.com"),
    row("user_agent.original", Recommended, Text, "curl/8.1"),
    left_out("client.port", OptIn, Number, "65123", NOT_ASKED_FOR),
    left_out(
        "http.request.body.size",
        OptIn,
        Number,
        "3495",
        "a metric has it",
    ),
    row("http.request.header.<key>", OptIn, Texts, "[a, b]"),
    left_out("http.request.size", OptIn, Number, "1437", NOT_ASKED_FOR),
    left_out(
        "http.response.body.size",
        OptIn,
        Number,
        "3495",
        "a metric has it",
    ),
    row("http.response.header.<key>", OptIn, Texts, "[a, b]"),
    left_out("http.response.size", OptIn, Number, "1437", NOT_ASKED_FOR),
    left_out(
        "network.local.address",
        OptIn,
        Text,
        "10.1.2.80",
        NOT_ASKED_FOR,
    ),
    left_out("network.local.port", OptIn, Number, "65123", NOT_ASKED_FOR),
    left_out("network.transport", OptIn, Text, "tcp", NOT_ASKED_FOR),
    left_out(
        "user_agent.synthetic.type",
        OptIn,
        Text,
        "bot",
        NOT_ASKED_FOR,
    ),
    row("radiosonde.outcome", Ours, Text, "ok"),
];

fn app() -> Router {
    let broken = async || {
        let pieces = [Ok(Bytes::from("a")), Err(std::io::Error::other("broken"))];
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    let found = async || {
        Response::builder()
            .header("x-shelf", "3")
            .header("x-shelf", "4")
            .header("set-cookie", "session=secret")
            .body(Body::from("an order"))
            .unwrap()
    };
    Router::new()
        .route("/orders/{id}", get(found))
        .route("/fail", get(async || StatusCode::SERVICE_UNAVAILABLE))
        .route("/gone", get(async || StatusCode::GONE))
        .route("/broken", get(broken))
        .route(
            "/panic",
            get(async || -> StatusCode { panic!("expected: a handler that panics") }),
        )
}

/// Asks a service, from an address that is its client's, and returns the span of the request.
async fn asked(options: RequestOptions, request: axum::http::request::Builder) -> Span {
    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new("checkout")
        .otlp_endpoint(collector.endpoint())
        .requests(options);
    let sonde = build(config).unwrap().into_sonde();
    let app = app().layer(sonde.layer());
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    let request = request.extension(ConnectInfo(peer)).body(Body::empty());
    let answer = async move {
        let response = app.oneshot(request.unwrap()).await.unwrap();
        let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    };
    // A handler that panics ends its task, as it does where axum serves.
    let _ = tokio::spawn(answer).await;
    let mut spans = spans(sonde, &collector).await;
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

fn get_from(uri: &str) -> axum::http::request::Builder {
    Request::get(uri).header("host", "shop.example")
}

#[track_caller]
fn is_named(span: &Span, name: &str, status: SpanStatus) {
    assert_eq!(span.name, name);
    assert_eq!(span.kind(), SpanKind::Server, "{name}");
    let told = span.status.clone().unwrap_or_default();
    assert_eq!(told.code(), status, "{name}");
    // The code says it already.
    assert_eq!(told.message, "", "{name}");
}

/// What requests have in common that no proxy passes on.
const COMMON: [(&str, &str); 8] = [
    ("http.request.method", "GET"),
    ("url.scheme", "http"),
    ("network.protocol.version", "1.1"),
    ("server.address", "shop.example"),
    ("client.address", "192.0.2.7"),
    ("network.peer.address", "192.0.2.7"),
    ("network.peer.port", "4711"),
    ("radiosonde.outcome", "ok"),
];

/// Those, with others in their place and more beside them.
fn common(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let is_replaced = |key: &str| more.iter().any(|(found, _)| *found == key);
    let kept = COMMON.into_iter().filter(|(key, _)| !is_replaced(key));
    kept.chain(more.iter().copied()).collect()
}

fn story(name: &'static str, span: Span, expected: Vec<(&'static str, &'static str)>) -> Story {
    Story {
        name,
        attributes: span.attributes,
        expected,
    }
}

/// Requests with all that can be asked for, with the defaults, and of an unknown kind.
async fn ordinary() -> Vec<Story> {
    let mut stories = Vec::new();
    let options = RequestOptions::new()
        .record_query(true)
        .capture_headers(["X-Request-Id", "x-absent"])
        .capture_response_headers(["x-shelf"]);
    let request = Request::get("/orders/7?page=2&sig=secret&access_token=secret")
        .header("host", "shop.example:8443")
        .header("user-agent", "curl/8.1")
        .header("x-request-id", "a")
        .header("x-request-id", "b")
        .header("authorization", "Bearer secret")
        .header("cookie", "session=secret");
    let span = asked(options, request).await;
    is_named(&span, "GET /orders/{id}", SpanStatus::Unset);
    let all = common(&[
        ("url.path", "/orders/7"),
        ("url.query", "page=2&sig=REDACTED&access_token=REDACTED"),
        ("http.route", "/orders/{id}"),
        ("http.response.status_code", "200"),
        ("server.port", "8443"),
        ("user_agent.original", "curl/8.1"),
        ("http.request.header.x-request-id", "[a, b]"),
        ("http.response.header.x-shelf", "[3, 4]"),
    ]);
    stories.push(story("all that is opt-in", span, all));

    let span = asked(RequestOptions::new(), get_from("/orders/7?page=2")).await;
    let expected = common(&[
        ("url.path", "/orders/7"),
        ("http.route", "/orders/{id}"),
        ("http.response.status_code", "200"),
    ]);
    stories.push(story("the defaults", span, expected));

    let request = Request::builder()
        .method("BREW")
        .uri("/nowhere")
        .header("host", "[2001:db8::1]:81");
    let span = asked(RequestOptions::new(), request).await;
    is_named(&span, "HTTP", SpanStatus::Unset);
    let expected = common(&[
        ("http.request.method", "_OTHER"),
        ("http.request.method_original", "BREW"),
        ("url.path", "/nowhere"),
        ("http.response.status_code", "404"),
        ("server.address", "2001:db8::1"),
        ("server.port", "81"),
    ]);
    stories.push(story("an unknown method, and no route", span, expected));
    stories
}

/// Requests that end badly, and one whose client is to blame.
async fn failing() -> Vec<Story> {
    let mut stories = Vec::new();
    let span = asked(RequestOptions::new(), get_from("/fail")).await;
    is_named(&span, "GET /fail", SpanStatus::Error);
    let expected = common(&[
        ("url.path", "/fail"),
        ("http.route", "/fail"),
        ("http.response.status_code", "503"),
        ("error.type", "503"),
        ("radiosonde.outcome", "error"),
    ]);
    stories.push(story("a failure", span, expected));

    let span = asked(RequestOptions::new(), get_from("/gone")).await;
    is_named(&span, "GET /gone", SpanStatus::Unset);
    let expected = common(&[
        ("url.path", "/gone"),
        ("http.route", "/gone"),
        ("http.response.status_code", "410"),
    ]);
    stories.push(story("a mistake of the client", span, expected));

    let span = asked(RequestOptions::new(), get_from("/panic")).await;
    is_named(&span, "GET /panic", SpanStatus::Error);
    let expected = common(&[
        ("url.path", "/panic"),
        ("http.route", "/panic"),
        ("error.type", "panic"),
        ("radiosonde.outcome", "panicked"),
    ]);
    stories.push(story("a panic, and no response", span, expected));

    let span = asked(RequestOptions::new(), get_from("/broken")).await;
    is_named(&span, "GET /broken", SpanStatus::Error);
    let expected = common(&[
        ("url.path", "/broken"),
        ("http.route", "/broken"),
        ("http.response.status_code", "200"),
        ("error.type", "body"),
        ("radiosonde.outcome", "error"),
    ]);
    stories.push(story("a response that breaks off", span, expected));
    stories
}

/// Requests that a proxy passes on.
async fn forwarded() -> Vec<Story> {
    let mut stories = Vec::new();
    let forwarded = "for=\"[2001:db8::17]\";host=www.example:444;proto=https, for=10.0.0.1";
    let behind = || get_from("/gone").header("forwarded", forwarded);
    let span = asked(RequestOptions::new(), behind()).await;
    let expected = common(&[
        ("url.path", "/gone"),
        ("url.scheme", "https"),
        ("http.route", "/gone"),
        ("http.response.status_code", "410"),
        ("client.address", "2001:db8::17"),
        ("server.address", "www.example"),
        ("server.port", "444"),
    ]);
    stories.push(story("behind a proxy", span, expected));

    let edge = RequestOptions::new().public_edge(true);
    let span = asked(edge, behind()).await;
    let expected = common(&[
        ("url.path", "/gone"),
        ("http.route", "/gone"),
        ("http.response.status_code", "410"),
    ]);
    stories.push(story("what a stranger says of proxies", span, expected));

    let shy = RequestOptions::new().record_client(false);
    let span = asked(shy, behind()).await;
    let told = [
        "client.address",
        "network.peer.address",
        "network.peer.port",
    ];
    let expected = common(&[
        ("url.path", "/gone"),
        ("url.scheme", "https"),
        ("http.route", "/gone"),
        ("http.response.status_code", "410"),
        ("server.address", "www.example"),
        ("server.port", "444"),
    ]);
    let expected = expected
        .into_iter()
        .filter(|(key, _)| !told.contains(key))
        .collect();
    stories.push(story("who asks is nobody's business", span, expected));
    stories
}

#[tokio::test]
async fn spans_of_servers_have_what_the_conventions_list_and_nothing_else() {
    let mut stories = ordinary().await;
    stories.extend(failing().await);
    stories.extend(forwarded().await);
    conform(TABLE, &stories);
}

#[test]
fn headers_that_hold_credentials_cannot_be_recorded() {
    for options in [
        RequestOptions::new().capture_headers(["Authorization"]),
        RequestOptions::new().capture_response_headers(["Set-Cookie"]),
    ] {
        let error = build(Config::new("checkout").requests(options)).unwrap_err();
        assert!(error.to_string().contains("holds credentials"), "{error}");
    }
}
