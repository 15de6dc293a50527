//! A collector written by others takes the spans of the quickstart.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::otlp::{Collector, Span};
use radiosonde_testkit::{eventually, http, service::Service};

fn quickstart(collector: &Collector) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        );
    Service::start(&command)
}

/// Waits for the span of this name.
#[track_caller]
fn span(collector: &Collector, name: &str) -> Span {
    eventually(name, Duration::from_secs(30), || {
        collector.spans().into_iter().find(|span| span.name == name)
    })
}

#[test]
fn the_span_of_a_request_arrives_with_its_attributes() {
    let collector = Collector::start();
    let service = quickstart(&collector);
    let parent = (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let headers = [parent, ("user-agent", "tester/1")];
    assert_eq!(
        http::get(service.addr(), "/hello/you?token=s3cret", &headers)
            .unwrap()
            .status,
        200
    );

    let span = span(&collector, "GET /hello/{name}");
    assert_eq!(span.kind, "server");
    assert_eq!(span.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span.parent_span_id.as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!(span.status, "unset");
    let expected = serde_json::json!({
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/hello/{name}",
        "network.protocol.version": "1.1",
        "radiosonde.outcome": "ok",
        "url.path": "/hello/you",
        "url.scheme": "http",
        "user_agent.original": "tester/1",
    });
    assert_eq!(serde_json::to_value(&span.attributes).unwrap(), expected);
    assert_eq!(span.resource["service.name"], "quickstart");
    assert_eq!(span.resource["deployment.environment.name"], "test");

    // The log line of the handler carries the ids of the span.
    let line = eventually("the log line", Duration::from_secs(10), || {
        service
            .stdout()
            .lines()
            .find(|line| line.contains("somebody said hello"))
            .map(ToOwned::to_owned)
    });
    assert!(
        line.contains(&span.trace_id) && line.contains(&span.span_id),
        "{line}"
    );
}

#[test]
fn failed_and_cut_requests_have_spans_that_say_so() {
    let collector = Collector::start();
    let mut service = quickstart(&collector);
    assert_eq!(service.get("/fail").unwrap().status, 500);
    assert!(service.get("/panic").is_err());
    let mut client = http::RawConnection::open(service.addr()).unwrap();
    client.send_head("GET", "/stream", &[]).unwrap();
    client.read_head().unwrap();
    client.cut();

    let fail = span(&collector, "GET /fail");
    assert_eq!(
        (fail.status.as_str(), &fail.attributes["error.type"]),
        ("error", &"500".into())
    );
    let panic = span(&collector, "GET /panic");
    assert_eq!(
        (panic.status.as_str(), &panic.attributes["error.type"]),
        ("error", &"panic".into())
    );
    assert!(
        !panic.attributes.contains_key("http.response.status_code"),
        "there was no response"
    );
    let cut = span(&collector, "GET /stream");
    assert_eq!(
        (cut.status.as_str(), &cut.attributes["radiosonde.outcome"]),
        ("unset", &"cancelled".into())
    );

    service.terminate();
    assert!(service.wait(Duration::from_secs(10)).success());
}

#[test]
fn spans_that_wait_when_the_service_ends_are_sent() {
    let collector = Collector::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
        .env("OTEL_BSP_SCHEDULE_DELAY", "60000");
    let mut service = Service::start(&command);
    for _ in 0..100 {
        service.get("/hello/you").unwrap();
    }
    service.terminate();
    assert!(service.wait(Duration::from_secs(10)).success());
    eventually("a hundred spans", Duration::from_secs(30), || {
        (collector.spans().len() == 100).then_some(())
    });
}
