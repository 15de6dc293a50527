//! The limits of the specification, by its variables: how much spans, their events and links, and log records may hold.

use std::time::Duration;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, TraceFlags, TraceId, TraceState, Tracer as _,
};
use opentelemetry::{KeyValue, global};
use opentelemetry_proto::tonic::common::v1::KeyValue as Sent;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::ScopeLogs;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use crate::child::{self, printed};
use crate::exported::{resource_logs, resource_spans};

/// As many attributes as no limit here lets through, each as long.
fn attributes() -> Vec<KeyValue> {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let long = |name| KeyValue::new(name, "x".repeat(100));
    names.map(long).to_vec()
}

/// Makes one span and one record, each with more than it may hold.
fn work() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let mut span = global::tracer("test").start("work");
        span.set_attributes(attributes());
        for number in 1..=8 {
            span.add_event("happened", attributes());
            let (trace, id) = (TraceId::from(u128::from(number)), SpanId::from(number));
            let elsewhere =
                SpanContext::new(trace, id, TraceFlags::SAMPLED, true, TraceState::NONE);
            span.add_link(elsewhere, attributes());
        }
        span.end();
        let x = "x".repeat(100);
        tracing::info!(target: "test", a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, "worked");
        sonde.shutdown(Duration::from_secs(20)).await;
    });
}

/// How much is left of something, of how much, and how much was dropped is told as well.
#[track_caller]
fn left(kept: usize, dropped: u32) -> usize {
    assert_eq!(kept + dropped as usize, 8);
    kept
}

/// How long the values are, all of them.
#[track_caller]
fn length(attributes: &[Sent]) -> usize {
    let mut lengths = attributes.iter().map(|attribute| {
        let value = attribute.value.clone().unwrap().value;
        let Some(Value::StringValue(text)) = value else {
            panic!("{value:?}")
        };
        text.len()
    });
    let first = lengths.next().unwrap();
    assert!(lengths.all(|length| length == first));
    first
}

/// Runs a service with these variables. Returns how many attributes its span has left, how many events, links, attributes of
/// each event and of each link, and attributes of the record; and how long the values are of each of the four.
fn held(variables: &[(&str, &str)]) -> ([usize; 6], [usize; 4]) {
    let name = "limits::every_limit_has_its_variable_and_a_general_one_is_for_the_others";
    let collector = FaultCollector::start(Mode::status(200));
    let endpoint = collector.endpoint();
    let variables = [&[("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)], variables].concat();
    printed(&child::run(name, &variables));

    let spans = resource_spans(&collector)
        .into_iter()
        .flat_map(|of| of.scope_spans);
    let span = spans.flat_map(|scope| scope.spans).next().unwrap();
    let mut records = resource_logs(&collector)
        .into_iter()
        .flat_map(|of| of.scope_logs);
    let is_ours = |scope: &ScopeLogs| scope.scope.as_ref().is_some_and(|of| of.name == "test");
    let record = records.find(is_ours).unwrap().log_records.remove(0);

    let (event, link) = (&span.events[0], &span.links[0]);
    let counts = [
        left(span.attributes.len(), span.dropped_attributes_count),
        left(span.events.len(), span.dropped_events_count),
        left(span.links.len(), span.dropped_links_count),
        left(event.attributes.len(), event.dropped_attributes_count),
        left(link.attributes.len(), link.dropped_attributes_count),
        left(record.attributes.len(), record.dropped_attributes_count),
    ];
    let of_each = [&span.attributes, &event.attributes, &link.attributes];
    let [span, event, link] = of_each.map(|attributes| length(attributes));
    (counts, [span, event, link, length(&record.attributes)])
}

#[test]
fn every_limit_has_its_variable_and_a_general_one_is_for_the_others() {
    if child::is_child() {
        return work();
    }
    assert_eq!(held(&[]), ([8; 6], [100; 4]));
    let general = [
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "20"),
    ];
    assert_eq!(held(&general), ([3, 8, 8, 3, 3, 3], [20; 4]));
    let special = [
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "2"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "4"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "6"),
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "7"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "30"),
        ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "40"),
    ];
    let all = [&general[..], &special].concat();
    assert_eq!(held(&all), ([1, 2, 4, 5, 6, 7], [30, 30, 30, 40]));
}
