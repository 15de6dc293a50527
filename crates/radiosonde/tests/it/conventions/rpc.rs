//! Spans of gRPC calls. The conventions are a release candidate; what a call says as a request of HTTP stays beside them.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use radiosonde::layer::{GrpcOptions, RequestOptions};
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use std::net::SocketAddr;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::table::Kind::{Number, Text, Texts};
use super::table::Level::{If, OptIn, Ours, Recommended, Required};
use super::table::{Row, Story, conform, left_out, row};
use crate::exported::spans;

const NOT_ASKED_FOR: &str = "opt-in, and nobody has asked for it";
const UNKNOWN: &str = "a tower service does not know its connection";

/// <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#server>
const SERVER: &[Row] = &[
    row("rpc.system.name", Required, Text, "grpc"),
    row("rpc.method", Required, Text, "shop.Orders/Get"),
    row("rpc.response.status_code", Required, Text, "OK"),
    row("error.type", If("it failed"), Text, "INTERNAL"),
    row(
        "rpc.method_original",
        If("the method has no name"),
        Text,
        "a.B/C",
    ),
    row("server.address", Recommended, Text, "example.com"),
    row("server.port", If("it is known"), Number, "443"),
    row("client.address", Recommended, Text, "10.1.2.80"),
    left_out(
        "client.port",
        Recommended,
        Number,
        "65123",
        "the peer has it",
    ),
    row("network.peer.address", Recommended, Text, "10.1.2.80"),
    row("network.peer.port", Recommended, Number, "65123"),
    left_out(
        "rpc.request.metadata.<key>",
        OptIn,
        Texts,
        "[a]",
        NOT_ASKED_FOR,
    ),
    left_out(
        "rpc.response.metadata.<key>",
        OptIn,
        Texts,
        "[a]",
        NOT_ASKED_FOR,
    ),
    row("http.request.method", Ours, Text, "POST"),
    row("http.response.status_code", Ours, Number, "200"),
    row("http.route", Ours, Text, "/shop.Orders/{*rest}"),
    row("network.protocol.version", Ours, Text, "2"),
    row("radiosonde.outcome", Ours, Text, "ok"),
    row("url.path", Ours, Text, "/shop.Orders/Get"),
    row("url.scheme", Ours, Text, "http"),
];

/// <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#client>
const CLIENT: &[Row] = &[
    row("rpc.system.name", Required, Text, "grpc"),
    row("rpc.method", Required, Text, "shop.Orders/Get"),
    row(
        "rpc.response.status_code",
        If("there was an answer"),
        Text,
        "OK",
    ),
    row("server.address", Required, Text, "example.com"),
    row("error.type", If("it failed"), Text, "NOT_FOUND"),
    row(
        "rpc.method_original",
        If("the method has no name"),
        Text,
        "a.B/C",
    ),
    row("server.port", If("it is known"), Number, "443"),
    left_out(
        "network.peer.address",
        Recommended,
        Text,
        "10.1.2.80",
        UNKNOWN,
    ),
    left_out("network.peer.port", Recommended, Number, "65123", UNKNOWN),
    left_out(
        "rpc.request.metadata.<key>",
        OptIn,
        Texts,
        "[a]",
        NOT_ASKED_FOR,
    ),
    left_out(
        "rpc.response.metadata.<key>",
        OptIn,
        Texts,
        "[a]",
        NOT_ASKED_FOR,
    ),
    row("http.request.method", Ours, Text, "POST"),
    row("http.response.status_code", Ours, Number, "200"),
    row("network.protocol.version", Ours, Text, "2"),
    row("radiosonde.outcome", Ours, Text, "ok"),
    row("url.full", Ours, Text, "http://shop.example/a"),
];

fn request(uri: &str) -> Request<Body> {
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    let request = Request::post(uri)
        .version(http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .extension(ConnectInfo(peer));
    request.body(Body::empty()).unwrap()
}

fn answer(status: &str) -> Response<Body> {
    let response = Response::builder()
        .version(http::Version::HTTP_2)
        .header("grpc-status", status);
    response.body(Body::empty()).unwrap()
}

fn sonde(collector: &FaultCollector) -> Sonde {
    let config = Config::new("shop")
        .otlp_endpoint(collector.endpoint())
        .requests(RequestOptions::new().grpc(GrpcOptions::new()));
    build(config).unwrap().into_sonde()
}

/// Calls a service that answers with this status of gRPC, and returns the span of the call.
async fn served(path: &str, status: &'static str) -> Span {
    let collector = FaultCollector::start(Mode::status(200));
    let sonde = sonde(&collector);
    let handler = axum::routing::post(async move || answer(status));
    let app = Router::new()
        .route("/shop.Orders/{*rest}", handler)
        .layer(sonde.layer());
    let uri = format!("http://shop.example:50051{path}");
    let _ = app.oneshot(request(&uri)).await.unwrap();
    only(spans(sonde, &collector).await)
}

/// Calls a service that answers with this status of gRPC, or not at all, and returns the span of the client.
async fn called(path: &str, status: Option<&'static str>) -> Span {
    let collector = FaultCollector::start(Mode::status(200));
    let sonde = sonde(&collector);
    let layer = sonde.client_layer_with(|options| options.grpc(GrpcOptions::new()));
    let client = service_fn(move |_: Request<Body>| async move {
        Ok::<_, &str>(answer(status.ok_or("failed")?))
    });
    let uri = format!("http://shop.example:50051{path}");
    let _ = layer.layer(client).oneshot(request(&uri)).await;
    only(spans(sonde, &collector).await)
}

#[track_caller]
fn only(mut spans: Vec<Span>) -> Span {
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

#[track_caller]
fn is_named(span: &Span, name: &str, kind: SpanKind, status: SpanStatus) {
    assert_eq!((span.name.as_str(), span.kind()), (name, kind));
    let told = span.status.clone().unwrap_or_default();
    assert_eq!(told.code(), status, "{name}");
}

const SERVED: [(&str, &str); 12] = [
    ("rpc.system.name", "grpc"),
    ("server.address", "shop.example"),
    ("server.port", "50051"),
    ("client.address", "192.0.2.7"),
    ("network.peer.address", "192.0.2.7"),
    ("network.peer.port", "4711"),
    ("http.request.method", "POST"),
    ("http.response.status_code", "200"),
    ("http.route", "/shop.Orders/{*rest}"),
    ("network.protocol.version", "2"),
    ("url.path", "/shop.Orders/Get"),
    ("url.scheme", "http"),
];

#[tokio::test]
async fn spans_of_calls_to_a_service_have_what_the_conventions_list_and_nothing_else() {
    let story = |name, span: Span, more: &[(&'static str, &'static str)]| Story {
        name,
        attributes: span.attributes,
        expected: [&SERVED[..], more].concat(),
    };
    let span = served("/shop.Orders/Get", "0").await;
    let server = SpanKind::Server;
    is_named(&span, "shop.Orders/Get", server, SpanStatus::Unset);
    let ok = [
        ("rpc.method", "shop.Orders/Get"),
        ("rpc.response.status_code", "OK"),
        ("radiosonde.outcome", "ok"),
    ];
    let ok = story("a call", span, &ok);

    let span = served("/shop.Orders/Get", "5").await;
    is_named(&span, "shop.Orders/Get", server, SpanStatus::Unset);
    let missing = [
        ("rpc.method", "shop.Orders/Get"),
        ("rpc.response.status_code", "NOT_FOUND"),
        ("radiosonde.outcome", "ok"),
    ];
    let missing = story("a mistake of the caller", span, &missing);

    let span = served("/shop.Orders/Get", "13").await;
    is_named(&span, "shop.Orders/Get", server, SpanStatus::Error);
    let failed = [
        ("rpc.method", "shop.Orders/Get"),
        ("rpc.response.status_code", "INTERNAL"),
        ("error.type", "INTERNAL"),
        ("radiosonde.outcome", "error"),
    ];
    let failed = story("a failure", span, &failed);

    // What is not implemented has shown no name.
    let span = served("/shop.Orders/Get", "12").await;
    is_named(&span, "grpc", server, SpanStatus::Error);
    let unknown = [
        ("rpc.method", "_OTHER"),
        ("rpc.method_original", "shop.Orders/Get"),
        ("rpc.response.status_code", "UNIMPLEMENTED"),
        ("error.type", "UNIMPLEMENTED"),
        ("radiosonde.outcome", "error"),
    ];
    let unknown = story("a method without a name", span, &unknown);
    conform(SERVER, &[ok, missing, failed, unknown]);
}

const CALLED: [(&str, &str); 5] = [
    ("rpc.system.name", "grpc"),
    ("server.address", "shop.example"),
    ("server.port", "50051"),
    ("http.request.method", "POST"),
    ("url.full", "http://shop.example:50051/shop.Orders/Get"),
];

#[tokio::test]
async fn spans_of_calls_by_a_client_have_what_the_conventions_list_and_nothing_else() {
    let answered = [
        ("http.response.status_code", "200"),
        ("network.protocol.version", "2"),
    ];
    let story = |name, span: Span, more: &[(&'static str, &'static str)]| Story {
        name,
        attributes: span.attributes,
        expected: [&CALLED[..], more].concat(),
    };
    let span = called("/shop.Orders/Get", Some("0")).await;
    let client = SpanKind::Client;
    is_named(&span, "shop.Orders/Get", client, SpanStatus::Unset);
    let ok = [
        ("rpc.method", "shop.Orders/Get"),
        ("rpc.response.status_code", "OK"),
        ("radiosonde.outcome", "ok"),
    ];
    let ok = story("a call", span, &[&answered[..], &ok].concat());

    // To a client every status but `OK` is an error.
    let span = called("/shop.Orders/Get", Some("5")).await;
    is_named(&span, "shop.Orders/Get", client, SpanStatus::Error);
    let missing = [
        ("rpc.method", "shop.Orders/Get"),
        ("rpc.response.status_code", "NOT_FOUND"),
        ("error.type", "NOT_FOUND"),
        ("radiosonde.outcome", "error"),
    ];
    let missing = story("nothing found", span, &[&answered[..], &missing].concat());

    let span = called("/shop.Orders/Get", None).await;
    is_named(&span, "grpc", client, SpanStatus::Error);
    let unanswered = [
        ("rpc.method", "_OTHER"),
        ("rpc.method_original", "shop.Orders/Get"),
        ("error.type", "inner"),
        ("radiosonde.outcome", "error"),
    ];
    let unanswered = story("no answer", span, &unanswered);
    conform(CLIENT, &[ok, missing, unanswered]);
}
