//! Spans on their way to a collector.

use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::trace::{Event, Link, SpanContext, Status};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{self as proto, ResourceSpans, ScopeSpans};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use radiosonde_catalog::{SPANS_DROPPED, SPANS_ENDED, SPANS_FAILED, SPANS_SENT};
use radiosonde_metrics::Registry;

use crate::config::SpanExport;
use crate::io::pipeline::{self, Account, Batching, Delivered, Destination, Queue};
use crate::io::{Batch, Io, OtlpClient};

/// Takes spans that ended, and hands them to the telemetry thread.
#[derive(Debug, Clone)]
pub(crate) struct SpanQueue {
    queue: Queue<SpanData>,
    /// How long a value of an attribute may be, in bytes.
    value_length: usize,
}

impl SpanQueue {
    /// Starts the worker that sends to the collector.
    pub(crate) fn start(
        io: &mut Io,
        settings: &SpanExport,
        resource: &opentelemetry_sdk::Resource,
        registry: &Registry,
    ) -> Self {
        let account = Account::open(
            registry,
            [&SPANS_ENDED, &SPANS_SENT, &SPANS_FAILED, &SPANS_DROPPED],
        );
        let batching = Batching::of(&settings.batches, &settings.target);
        let collector = Collector {
            client: OtlpClient::new(io, &settings.target),
            resource: resource.into(),
        };
        Self {
            queue: pipeline::start(io, collector, batching, account),
            value_length: settings.value_length,
        }
    }

    pub(crate) fn account(&self) -> &Account {
        self.queue.account()
    }

    /// Counts spans that were lost before they came here.
    pub(super) fn lose(&self, count: u64) {
        self.account().ended.increment(count);
        self.account().dropped.increment(count);
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, mut span: SpanData) {
        cut(&mut span.attributes, self.value_length);
        cut_name(&mut span.name);
        if let Status::Error { description } = &mut span.status {
            cut_name(description);
        }
        for event in &mut span.events.events {
            cut(&mut event.attributes, self.value_length);
            cut_name(&mut event.name);
        }
        for link in &mut span.links.links {
            cut(&mut link.attributes, self.value_length);
        }
        self.queue.offer(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        // The telemetry thread flushes at the end; nobody else may wait for the network.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Returns about how many bytes a span takes.
pub(super) fn weight_of(span: &SpanData) -> usize {
    let events = span.events.iter();
    let events =
        events.map(|event| size_of::<Event>() + event.name.len() + weight(&event.attributes));
    let links = span.links.iter();
    let links =
        links.map(|link| size_of::<Link>() + state(&link.span_context) + weight(&link.attributes));
    let description = match &span.status {
        Status::Error { description } => description.len(),
        Status::Unset | Status::Ok => 0,
    };
    size_of::<SpanData>()
        + state(&span.span_context)
        + span.name.len()
        + description
        + weight(&span.attributes)
        + events.sum::<usize>()
        + links.sum::<usize>()
}

/// Cuts a name, which the service may have made of anything.
fn cut_name(name: &mut Cow<'static, str>) {
    if name.len() > MAX_NAME {
        *name = Cow::Owned(name[..name.floor_char_boundary(MAX_NAME)].to_owned());
    }
}

/// How long a name may be, or what a failure is described by.
const MAX_NAME: usize = 1_024;

/// Cuts values of attributes: texts, and lists to [`MAX_ELEMENTS`] and each of their texts.
fn cut(attributes: &mut [KeyValue], most: usize) {
    for KeyValue { value, .. } in attributes {
        match value {
            Value::String(text) => cut_text(text, most),
            Value::Array(Array::String(texts)) => {
                cut_list(texts);
                for text in texts {
                    cut_text(text, most);
                }
            }
            Value::Array(Array::I64(numbers)) => cut_list(numbers),
            Value::Array(Array::F64(numbers)) => cut_list(numbers),
            Value::Array(Array::Bool(flags)) => cut_list(flags),
            _ => {}
        }
    }
}

/// Cuts a list, and gives back what the rest of it took.
fn cut_list<T>(list: &mut Vec<T>) {
    if list.len() > MAX_ELEMENTS {
        list.truncate(MAX_ELEMENTS);
        list.shrink_to_fit();
    }
}

/// How many elements a list may have that is the value of an attribute.
const MAX_ELEMENTS: usize = 128;

fn cut_text(text: &mut StringValue, most: usize) {
    if text.as_str().len() > most {
        let short = text.as_str();
        *text = short[..short.floor_char_boundary(most)].to_owned().into();
    }
}

/// Returns about how many bytes the state of a trace takes. Most have none.
fn state(context: &SpanContext) -> usize {
    let members = context.trace_state().into_iter();
    members
        .map(|(key, value)| 2 * size_of::<String>() + key.len() + value.len())
        .sum()
}

/// Returns about how many bytes attributes take.
fn weight(attributes: &[KeyValue]) -> usize {
    let beside = |value: &Value| match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::String(texts)) => {
            let texts = texts.iter();
            texts
                .map(|text| size_of_val(text) + text.as_str().len())
                .sum()
        }
        Value::Array(Array::I64(numbers)) => size_of_val(&**numbers),
        Value::Array(Array::F64(numbers)) => size_of_val(&**numbers),
        Value::Array(Array::Bool(flags)) => size_of_val(&**flags),
        _ => 0,
    };
    let one =
        |pair: &KeyValue| size_of::<KeyValue>() + pair.key.as_str().len() + beside(&pair.value);
    attributes.iter().map(one).sum()
}

/// The collector, as the worker sees it.
struct Collector {
    client: OtlpClient,
    resource: ResourceAttributesWithSchema,
}

impl Destination for Collector {
    type Item = SpanData;
    const ITEMS: &'static str = "spans";

    fn weight(span: &SpanData) -> usize {
        weight_of(span)
    }

    async fn send(&self, spans: Vec<SpanData>) -> Result<Delivered, String> {
        let count = spans.len() as u64;
        let posted = self.client.post(message(spans, &self.resource)).await?;
        Ok(
            posted.delivered(count, |answer: ExportTraceServiceResponse| {
                let partial = answer.partial_success.unwrap_or_default();
                (partial.rejected_spans, partial.error_message)
            }),
        )
    }
}

/// Encodes spans, grouped by what made them, which is their scope.
fn message(spans: Vec<SpanData>, resource: &ResourceAttributesWithSchema) -> Vec<u8> {
    let mut batch = Batch::new();
    for span in spans {
        let scope = span.instrumentation_scope.clone();
        let empty = |scope: &InstrumentationScope| ScopeSpans {
            scope: Some((scope, None).into()),
            schema_url: scope.schema_url().unwrap_or_default().to_owned(),
            spans: Vec::new(),
        };
        batch.add(scope, empty, &proto::Span::from(span));
    }
    batch.end(&ResourceSpans {
        resource: Some(Resource {
            attributes: resource.attributes.0.clone(),
            ..Resource::default()
        }),
        schema_url: resource.schema_url.clone().unwrap_or_default(),
        scope_spans: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{
        Span as _, SpanId, TraceFlags, TraceId, TraceState, Tracer as _, TracerProvider as _,
    };
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use prost::Message as _;

    use super::*;

    #[test]
    fn what_is_encoded_span_by_span_is_the_message_of_all_of_them() {
        let resource = opentelemetry_sdk::Resource::builder()
            .with_service_name("checkout")
            .with_schema_url([], "https://opentelemetry.io/schemas/1.40.0")
            .build();
        let provider = SdkTracerProvider::builder().build();
        let scopes = ["orders", "payments", ""].map(|name| {
            let scope = InstrumentationScope::builder(name).with_version("1.4.2");
            let scope = scope.with_schema_url("https://opentelemetry.io/schemas/1.39.0");
            provider.tracer_with_scope(scope.build())
        });
        let spans = |count: i64| -> Vec<_> {
            let made = (0..count).map(|number| {
                let tracer = &scopes[usize::try_from(number * number % 3).unwrap()];
                let mut span = tracer.start(format!("work {number}"));
                span.set_attribute(KeyValue::new("number", number));
                span.add_event("happened", vec![KeyValue::new("text", "x".repeat(300))]);
                span.exported_data().unwrap()
            });
            made.collect()
        };
        for count in [0, 1, 2, 100] {
            let (spans, resource) = (spans(count), (&resource).into());
            let encoded = message(spans.clone(), &resource);
            let decoded = ExportTraceServiceRequest::decode(&*encoded).unwrap();
            let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
            assert_eq!(decoded, ExportTraceServiceRequest { resource_spans });
        }
    }

    #[test]
    fn values_are_cut_between_characters_and_so_are_those_in_lists() {
        let texts = |texts: &[&'static str]| {
            let texts = texts.iter().map(|text| StringValue::from(*text));
            Value::Array(Array::String(texts.collect()))
        };
        let mut attributes = [
            KeyValue::new("short", "four"),
            KeyValue::new("long", "five."),
            KeyValue::new("wide", "abcé"),
            KeyValue::new("list", texts(&["four", "longer"])),
            KeyValue::new("number", 1_000_000),
        ];
        cut(&mut attributes, 4);
        let values: Vec<_> = attributes.iter().map(|pair| pair.value.clone()).collect();
        let expected = [
            Value::from("four"),
            Value::from("five"),
            Value::from("abc"),
            texts(&["four", "long"]),
            Value::from(1_000_000),
        ];
        assert_eq!(values, expected);
    }

    /// An attribute of every kind of list, with a thousand elements each.
    fn lists() -> Vec<KeyValue> {
        let texts = (0..1_000).map(|_| StringValue::from("four"));
        let lists = [
            Array::String(texts.collect()),
            Array::I64(vec![7; 1_000]),
            Array::F64(vec![0.5; 1_000]),
            Array::Bool(vec![true; 1_000]),
        ];
        let lists = lists.into_iter().map(Value::Array);
        lists.map(|list| KeyValue::new("list", list)).collect()
    }

    #[test]
    fn lists_are_cut_and_what_is_cut_off_takes_no_room() {
        let mut attributes = lists();
        cut(&mut attributes, 4);
        for pair in attributes {
            let Value::Array(list) = pair.value else {
                panic!("a list stays a list")
            };
            let (length, capacity) = match list {
                Array::String(of) => (of.len(), of.capacity()),
                Array::I64(of) => (of.len(), of.capacity()),
                Array::F64(of) => (of.len(), of.capacity()),
                Array::Bool(of) => (of.len(), of.capacity()),
                other => panic!("{other:?}"),
            };
            assert_eq!(length, MAX_ELEMENTS);
            assert!(capacity < 1_000);
        }
    }

    #[test]
    fn every_element_of_a_list_weighs() {
        let beside = size_of::<KeyValue>() + "list".len();
        let weights: Vec<_> = lists()
            .iter()
            .map(|list| weight(std::slice::from_ref(list)) - beside)
            .collect();
        let text = size_of::<StringValue>() + "four".len();
        assert_eq!(weights, [1_000 * text, 8_000, 8_000, 1_000]);
    }

    #[test]
    fn the_state_of_a_trace_weighs() {
        let state = TraceState::from_key_value([("vendor", "x".repeat(100))]).unwrap();
        let (trace, span) = (TraceId::from(1), SpanId::from(1));
        let context = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, state);
        let texts = "vendor".len() + 100;
        assert_eq!(super::state(&context), 2 * size_of::<String>() + texts);
        assert_eq!(super::state(&SpanContext::empty_context()), 0);
    }
}
