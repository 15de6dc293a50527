//! The drivers of the OTLP receivers, against a request that the official Python messages encoded.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::otlp::{Collector, Sink, Span};
use radiosonde_testkit::{eventually, http, tools};
use serde_json::json;

/// Writes an export request with two spans to standard output.
const ENCODER: &str = r#"
import sys
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

def attribute(key, **value):
    return KeyValue(key=key, value=AnyValue(**value))

request = ExportTraceServiceRequest()
resource_spans = request.resource_spans.add()
resource_spans.resource.attributes.append(attribute("service.name", string_value="checkout"))
spans = resource_spans.scope_spans.add().spans
spans.append(Span(
    name="GET /orders/{id}",
    kind=Span.SPAN_KIND_SERVER,
    trace_id=bytes(range(16)),
    span_id=bytes(range(8)),
    attributes=[
        attribute("http.route", string_value="/orders/{id}"),
        attribute("http.response.status_code", int_value=500),
        attribute("ratio", double_value=0.5),
        attribute("cached", bool_value=False),
        attribute("tags", array_value=ArrayValue(values=[AnyValue(string_value="a")])),
    ],
    status=Status(code=Status.STATUS_CODE_ERROR, message="out of gas"),
))
spans.append(Span(name="lookup", trace_id=bytes(range(16)), span_id=bytes(range(8, 16)), parent_span_id=bytes(range(8))))
sys.stdout.buffer.write(request.SerializeToString())
"#;

#[test]
fn a_collector_shows_the_spans_that_it_forwarded() {
    let collector = Collector::start();
    assert!(collector.spans().is_empty());

    post(&collector.endpoint(), &encoded(), 200);

    let spans = eventually("both spans", Duration::from_secs(30), || {
        Some(collector.spans()).filter(|spans| spans.len() == 2)
    });
    assert_spans(&spans);
}

#[test]
fn a_sink_shows_the_spans_that_it_decoded() {
    let sink = Sink::start();

    post(&sink.endpoint(), &encoded(), 200);

    assert_spans(&sink.spans());
}

#[test]
fn both_refuse_what_is_no_export_request() {
    let (collector, sink) = (Collector::start(), Sink::start());

    post(&collector.endpoint(), b"balloon", 400);
    post(&sink.endpoint(), b"balloon", 400);

    assert_eq!(collector.spans(), []);
    assert_eq!(sink.spans(), []);
}

fn assert_spans(spans: &[Span]) {
    let [request, lookup] = spans else {
        panic!("two spans: {spans:?}")
    };
    assert_eq!(
        (request.name.as_str(), request.kind.as_str()),
        ("GET /orders/{id}", "server")
    );
    assert_eq!(request.trace_id, "000102030405060708090a0b0c0d0e0f");
    assert_eq!(request.span_id, "0001020304050607");
    assert_eq!(request.parent_span_id, None);
    assert_eq!(
        (request.status.as_str(), request.status_message.as_str()),
        ("error", "out of gas")
    );
    assert_eq!(
        json!(request.attributes),
        json!({
            "http.route": "/orders/{id}",
            "http.response.status_code": 500,
            "ratio": 0.5,
            "cached": false,
            "tags": ["a"],
        })
    );
    assert_eq!(request.resource["service.name"], "checkout");

    assert_eq!(
        (lookup.kind.as_str(), lookup.status.as_str()),
        ("unspecified", "unset")
    );
    assert_eq!(lookup.parent_span_id.as_ref(), Some(&request.span_id));
}

fn encoded() -> Vec<u8> {
    let python = tools::python("opentelemetry.proto.trace.v1.trace_pb2");
    let mut encoder = Command::new(python);
    let output = encoder
        .args(["-c", ENCODER])
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[track_caller]
fn post(endpoint: &str, body: &[u8], expected: u16) {
    let addr = endpoint.strip_prefix("http://");
    let addr: SocketAddr = addr
        .and_then(|addr| addr.parse().ok())
        .expect("an address in a URL");
    let headers = [("content-type", "application/x-protobuf")];
    let response = http::post(addr, "/v1/traces", &headers, body).expect("a receiver answers");
    assert_eq!(response.status, expected, "{}", response.text());
}
