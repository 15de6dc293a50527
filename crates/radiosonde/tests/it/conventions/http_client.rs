//! Spans of HTTP clients, by the stable conventions.

use http::{Request, Response, Version};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use radiosonde::{Config, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::table::Kind::{Number, Text, Texts};
use super::table::Level::{If, OptIn, Ours, Recommended, Required};
use super::table::{Row, Story, conform, left_out, row};
use crate::exported::spans;

const UNKNOWN: &str = "a tower service does not know its connection";
const NOT_ASKED_FOR: &str = "opt-in, and nobody has asked for it";

/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client>
const TABLE: &[Row] = &[
    row("http.request.method", Required, Text, "GET"),
    row("server.address", Required, Text, "example.com"),
    row("server.port", Required, Number, "443"),
    row("url.full", Required, Text, "https://example.com/search"),
    row("error.type", If("it ended with an error"), Text, "500"),
    row(
        "http.request.method_original",
        If("it differs"),
        Text,
        "ACL",
    ),
    row("http.response.status_code", If("one came"), Number, "200"),
    left_out(
        "network.protocol.name",
        If("it is not `http`"),
        Text,
        "spdy",
        "it always is",
    ),
    left_out(
        "http.request.resend_count",
        Recommended,
        Number,
        "3",
        "each try is a request of its own",
    ),
    left_out(
        "network.peer.address",
        Recommended,
        Text,
        "10.1.2.80",
        UNKNOWN,
    ),
    left_out("network.peer.port", Recommended, Number, "65123", UNKNOWN),
    row("network.protocol.version", Recommended, Text, "1.1"),
    left_out(
        "http.request.body.size",
        OptIn,
        Number,
        "3495",
        NOT_ASKED_FOR,
    ),
    left_out(
        "http.request.header.<key>",
        OptIn,
        Texts,
        "[a, b]",
        NOT_ASKED_FOR,
    ),
    left_out("http.request.size", OptIn, Number, "1437", NOT_ASKED_FOR),
    left_out(
        "http.response.body.size",
        OptIn,
        Number,
        "3495",
        NOT_ASKED_FOR,
    ),
    left_out(
        "http.response.header.<key>",
        OptIn,
        Texts,
        "[a, b]",
        NOT_ASKED_FOR,
    ),
    left_out("http.response.size", OptIn, Number, "1437", NOT_ASKED_FOR),
    left_out("network.transport", OptIn, Text, "tcp", NOT_ASKED_FOR),
    left_out("url.scheme", OptIn, Text, "https", "the address has it"),
    left_out("url.template", OptIn, Text, "/users/{id}", NOT_ASKED_FOR),
    left_out(
        "user_agent.original",
        OptIn,
        Text,
        "curl/8.1",
        NOT_ASKED_FOR,
    ),
    left_out(
        "user_agent.synthetic.type",
        OptIn,
        Text,
        "bot",
        NOT_ASKED_FOR,
    ),
    row("radiosonde.outcome", Ours, Text, "ok"),
];

/// Makes a request that is answered with this status, or fails without an answer, and returns its span.
async fn made(method: &str, uri: &str, with_query: bool, status: Option<u16>) -> Span {
    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new("shop").otlp_endpoint(collector.endpoint());
    let sonde = build(config).unwrap().into_sonde();
    let layer = sonde.client_layer_with(|options| options.record_query(with_query));
    let client = service_fn(move |_: Request<()>| async move {
        let status = status.ok_or("failed")?;
        let response = Response::builder().status(status).version(Version::HTTP_2);
        Ok::<_, &str>(response.body(String::new()).unwrap())
    });
    let request = Request::builder().method(method).uri(uri).body(());
    let _ = layer.layer(client).oneshot(request.unwrap()).await;
    let mut spans = spans(sonde, &collector).await;
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

#[track_caller]
fn is_named(span: &Span, name: &str, status: SpanStatus) {
    assert_eq!(span.name, name);
    assert_eq!(span.kind(), SpanKind::Client);
    let told = span.status.clone().unwrap_or_default();
    assert_eq!((told.code(), &*told.message), (status, ""), "{name}");
}

#[tokio::test]
async fn spans_of_clients_have_what_the_conventions_list_and_nothing_else() {
    let secret = "https://user:secret@api.example:8443/orders/7?page=2&token=secret";
    let span = made("POST", secret, true, Some(201)).await;
    is_named(&span, "POST", SpanStatus::Unset);
    let all = Story {
        name: "an address with secrets",
        attributes: span.attributes,
        expected: vec![
            ("http.request.method", "POST"),
            ("server.address", "api.example"),
            ("server.port", "8443"),
            (
                "url.full",
                "https://api.example:8443/orders/7?page=2&token=REDACTED",
            ),
            ("http.response.status_code", "201"),
            ("network.protocol.version", "2"),
            ("radiosonde.outcome", "ok"),
        ],
    };

    let span = made("BREW", secret, false, Some(404)).await;
    is_named(&span, "HTTP", SpanStatus::Error);
    let refused = Story {
        name: "an unknown method, refused",
        attributes: span.attributes,
        expected: vec![
            ("http.request.method", "_OTHER"),
            ("http.request.method_original", "BREW"),
            ("server.address", "api.example"),
            ("server.port", "8443"),
            ("url.full", "https://api.example:8443/orders/7"),
            ("http.response.status_code", "404"),
            ("error.type", "404"),
            ("network.protocol.version", "2"),
            ("radiosonde.outcome", "error"),
        ],
    };

    let span = made("GET", "http://[::1]/", false, None).await;
    is_named(&span, "GET", SpanStatus::Error);
    let unanswered = Story {
        name: "no answer, and the port of the scheme",
        attributes: span.attributes,
        expected: vec![
            ("http.request.method", "GET"),
            ("server.address", "::1"),
            ("server.port", "80"),
            ("url.full", "http://[::1]/"),
            ("error.type", "inner"),
            ("radiosonde.outcome", "error"),
        ],
    };

    conform(TABLE, &[all, refused, unanswered]);
}
