//! A collector written by others takes the spans of the quickstart.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::otlp::{Collector, Point, Span};
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
    let mut attributes = serde_json::to_value(&span.attributes).unwrap();
    // The port of the client is whichever was free.
    let port = attributes
        .as_object_mut()
        .unwrap()
        .remove("network.peer.port");
    assert!(port.is_some_and(|port| port.is_u64()));
    let expected = serde_json::json!({
        "client.address": "127.0.0.1",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/hello/{name}",
        "network.peer.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "radiosonde.outcome": "ok",
        "server.address": "127.0.0.1",
        "server.port": service.addr().port(),
        "url.path": "/hello/you",
        "url.scheme": "http",
        "user_agent.original": "tester/1",
    });
    assert_eq!(attributes, expected);
    assert_eq!(span.resource["service.name"], "quickstart");
    assert_eq!(span.resource["deployment.environment.name"], "test");

    // It is known where the service ran.
    for attribute in [
        "process.pid",
        "host.name",
        "host.arch",
        "service.instance.id",
    ] {
        assert!(span.resource.contains_key(attribute), "{attribute}");
    }

    // The log line of the handler carries the ids of the span, and so does its record.
    let record = eventually("the log record", Duration::from_secs(30), || {
        let mut records = collector.records().into_iter();
        records.find(|record| record.body == "somebody said hello")
    });
    assert_eq!(
        (&record.trace_id, &record.span_id),
        (&span.trace_id, &span.span_id)
    );
    assert_eq!((record.severity, &*record.severity_text), (9, "INFO"));
    assert_eq!(record.resource["service.name"], "quickstart");
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
fn metrics_are_sent_when_the_service_ends_under_the_names_of_the_conventions() {
    let collector = Collector::start();
    let mut service = quickstart(&collector);
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace_id}-00f067aa0ba902b7-01");
    let headers = [("traceparent", parent.as_str())];
    for _ in 0..2 {
        http::get(service.addr(), "/hello/you", &headers).unwrap();
    }
    service.terminate();
    assert!(service.wait(Duration::from_secs(10)).success());

    let duration = point(&collector, "http.server.request.duration", "/hello/{name}");
    assert_eq!((&*duration.kind, &*duration.unit), ("histogram", "s"));
    assert_eq!(duration.temporality, "cumulative");
    let expected = serde_json::json!({
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/hello/{name}",
    });
    assert_eq!(
        serde_json::to_value(&duration.attributes).unwrap(),
        expected
    );
    assert_eq!(duration.value["count"], 2);
    assert_eq!(duration.value["bounds"][0], 0.005);
    assert_eq!(duration.value["buckets"].as_array().unwrap().len(), 15);
    assert!(duration.started <= duration.time && duration.started > 1_700_000_000_000_000_000);
    assert!(!duration.exemplars.is_empty());
    for exemplar in &duration.exemplars {
        assert_eq!(exemplar["trace_id"], trace_id);
    }
    assert_eq!(duration.resource["service.name"], "quickstart");
    assert_eq!(duration.resource["deployment.environment.name"], "test");

    let requests = point(&collector, "http.server.requests", "/hello/{name}");
    assert_eq!((&*requests.kind, requests.monotonic), ("sum", true));
    assert_eq!(requests.value, 2);
    let points = collector.points();
    let active = points
        .iter()
        .find(|point| point.name == "http.server.active_requests")
        .unwrap();
    assert_eq!(
        (&*active.kind, active.monotonic, &active.value),
        ("sum", false, &0.into())
    );
    let memory = points
        .iter()
        .find(|point| point.name == "process.memory.usage")
        .unwrap();
    assert_eq!(
        (&*memory.unit, memory.value.as_f64() > Some(1e6)),
        ("By", true)
    );
    // The resource says it.
    assert!(points.iter().all(|point| point.name != "target.info"));
}

#[test]
fn metrics_are_sent_at_the_interval_as_they_are_by_then() {
    let collector = Collector::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .env(
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            format!("{}/v1/metrics", collector.endpoint()),
        )
        .env("OTEL_METRIC_EXPORT_INTERVAL", "100");
    let service = Service::start(&command);
    for total in 1..=3 {
        service.get("/hello/you").unwrap();
        eventually("the total", Duration::from_secs(30), || {
            let mut points = collector.points().into_iter();
            points.find(|point| point.name == "http.server.requests" && point.value == total)
        });
    }
    let points = collector.points().into_iter();
    let started: BTreeSet<_> = points
        .filter(|point| point.name == "http.server.requests")
        .map(|point| point.started)
        .collect();
    assert_eq!(started.len(), 1, "a total that goes on has one beginning");
    assert!(collector.spans().is_empty());
}

/// Waits for the point of a metric and a route.
#[track_caller]
fn point(collector: &Collector, name: &str, route: &str) -> Point {
    eventually(name, Duration::from_secs(30), || {
        let mut points = collector.points().into_iter();
        points.find(|point| {
            let attribute = point.attributes.get("http.route");
            point.name == name && attribute.is_some_and(|found| found == route)
        })
    })
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
