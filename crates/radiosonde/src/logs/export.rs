//! Log records on their way to a collector.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use radiosonde_catalog::{
    LOG_RECORDS_DROPPED, LOG_RECORDS_ENDED, LOG_RECORDS_FAILED, LOG_RECORDS_SENT,
};
use radiosonde_metrics::Registry;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::config::{AttributeLimits, LogExport};
use crate::context::current_span;
use crate::io::pipeline::{self, Account, Batching, Delivered, Destination, Queue};
use crate::io::{Batch, Io, OtlpClient, is_telemetry_thread};
use crate::text;

/// Hands each event that the filter lets through to the telemetry thread.
#[derive(Debug)]
pub(crate) struct RecordLayer {
    queue: Queue<Record>,
    limits: AttributeLimits,
}

/// A record, and what logged it.
#[derive(Debug)]
struct Record {
    target: Cow<'static, str>,
    record: LogRecord,
}

impl RecordLayer {
    /// Starts the worker that sends to the collector.
    pub(crate) fn start(
        io: &mut Io,
        settings: &LogExport,
        resource: &opentelemetry_sdk::Resource,
        registry: &Registry,
    ) -> Self {
        let account = Account::open(
            registry,
            [
                &LOG_RECORDS_ENDED,
                &LOG_RECORDS_SENT,
                &LOG_RECORDS_FAILED,
                &LOG_RECORDS_DROPPED,
            ],
        );
        let batching = Batching::of(&settings.batches, &settings.target);
        let collector = Collector {
            client: OtlpClient::new(io, &settings.target),
            resource: Resource {
                attributes: ResourceAttributesWithSchema::from(resource).attributes.0,
                ..Resource::default()
            },
        };
        Self {
            queue: pipeline::start(io, collector, batching, account),
            limits: settings.limits,
        }
    }

    pub(crate) fn account(&self) -> &Account {
        self.queue.account()
    }

    fn record(&self, event: &Event<'_>) -> Record {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let target = match &normalized {
            Some(metadata) => Cow::Owned(metadata.target().to_owned()),
            None => Cow::Borrowed(event.metadata().target()),
        };
        let now = nanoseconds(SystemTime::now());
        let mut record = LogRecord {
            time_unix_nano: now,
            observed_time_unix_nano: now,
            severity_number: severity(*metadata.level()).into(),
            severity_text: metadata.level().as_str().into(),
            ..LogRecord::default()
        };
        if let Some(span) = current_span() {
            record.trace_id = span.trace_id().to_bytes().into();
            record.span_id = span.span_id().to_bytes().into();
            record.flags = span.trace_flags().to_u8().into();
        }
        event.record(&mut RecordVisitor {
            record: &mut record,
            limits: self.limits,
        });
        Record { target, record }
    }
}

impl<S: Subscriber> Layer<S> for RecordLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // What the way out says of itself would only make more of it.
        if !is_telemetry_thread() {
            self.queue.offer_made(|| self.record(event));
        }
    }
}

/// Writes the fields of an event into a record.
struct RecordVisitor<'a> {
    record: &'a mut LogRecord,
    limits: AttributeLimits,
}

impl RecordVisitor<'_> {
    fn text(&mut self, field: &Field, text: &str) {
        let most = match field.name() {
            "message" => MAX_BODY,
            _ => self.limits.value_length,
        };
        let text = &text[..text.floor_char_boundary(most)];
        self.add(field, Value::StringValue(text.to_owned()));
    }

    fn add(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if name == "message" {
            self.record.body = Some(AnyValue { value: Some(value) });
        } else if !text::is_of_the_bridge(name) {
            self.attribute(name.strip_prefix("r#").unwrap_or(name), value);
        }
    }

    fn attribute(&mut self, name: &str, value: Value) {
        if self.record.attributes.len() >= self.limits.count {
            self.record.dropped_attributes_count += 1;
            return;
        }
        self.record.attributes.push(KeyValue {
            key: name.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
    }

    /// Adds the first error of an event as the conventions for exceptions have it. Errors of Rust do not know their type.
    fn exception(&mut self, error: &(dyn Error + 'static)) {
        const MESSAGE: &str = "exception.message";
        let mut attributes = self.record.attributes.iter();
        if !attributes.any(|attribute| attribute.key == MESSAGE) {
            let message = text::shown(error);
            let message = &message[..message.floor_char_boundary(self.limits.value_length)];
            self.attribute(MESSAGE, Value::StringValue(message.to_owned()));
        }
    }
}

impl Visit for RecordVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &text::shown(format_args!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.text(field, &text::one_line(value));
        self.exception(value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::IntValue(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, Value::IntValue(value)),
            Err(_) => self.text(field, &value.to_string()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::BoolValue(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::DoubleValue(value));
    }
}

/// The collector, as the worker sees it.
struct Collector {
    client: OtlpClient,
    resource: Resource,
}

impl Destination for Collector {
    type Item = Record;
    const ITEMS: &'static str = "log records";

    fn weight(Record { target, record }: &Record) -> usize {
        let text = |value: &Option<AnyValue>| match value {
            Some(AnyValue {
                value: Some(Value::StringValue(text)),
            }) => text.len(),
            _ => 0,
        };
        let attribute =
            |pair: &KeyValue| size_of::<KeyValue>() + pair.key.len() + text(&pair.value);
        let attributes = record.attributes.iter().map(attribute);
        size_of::<Record>() + target.len() + text(&record.body) + attributes.sum::<usize>()
    }

    async fn send(&self, records: Vec<Record>) -> Result<Delivered, String> {
        let count = records.len() as u64;
        let posted = self.client.post(message(records, &self.resource)).await?;
        Ok(
            posted.delivered(count, |answer: ExportLogsServiceResponse| {
                let partial = answer.partial_success.unwrap_or_default();
                (partial.rejected_log_records, partial.error_message)
            }),
        )
    }
}

/// Encodes records, grouped by what logged them, which is their scope.
fn message(records: Vec<Record>, resource: &Resource) -> Vec<u8> {
    let mut batch = Batch::new();
    for Record { target, record } in records {
        let empty = |target: &Cow<'static, str>| ScopeLogs {
            scope: Some(InstrumentationScope {
                name: target.to_string(),
                ..InstrumentationScope::default()
            }),
            ..ScopeLogs::default()
        };
        batch.add(target, empty, &record);
    }
    batch.end(&ResourceLogs {
        resource: Some(resource.clone()),
        ..ResourceLogs::default()
    })
}

fn severity(level: Level) -> SeverityNumber {
    match level {
        Level::ERROR => SeverityNumber::Error,
        Level::WARN => SeverityNumber::Warn,
        Level::INFO => SeverityNumber::Info,
        Level::DEBUG => SeverityNumber::Debug,
        Level::TRACE => SeverityNumber::Trace,
    }
}

/// A time before 1970 reads as 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// How many bytes of a message are sent.
const MAX_BODY: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use prost::Message as _;

    use super::*;

    #[test]
    fn records_are_grouped_by_what_logged_them_in_the_order_in_which_they_came() {
        let said = |text: String| LogRecord {
            body: Some(AnyValue {
                value: Some(Value::StringValue(text)),
            }),
            ..LogRecord::default()
        };
        let records = (0..100).map(|number: usize| Record {
            target: ["shop", "shop::orders", ""][number * number % 3].into(),
            record: said(format!("record {number}")),
        });
        let resource = Resource {
            dropped_attributes_count: 7,
            ..Resource::default()
        };
        let encoded = message(records.collect(), &resource);
        let decoded = ExportLogsServiceRequest::decode(&*encoded).unwrap();
        let [of_resource] = &decoded.resource_logs[..] else {
            panic!("{decoded:?}");
        };
        assert_eq!(of_resource.resource, Some(resource));
        let scopes: Vec<_> = of_resource
            .scope_logs
            .iter()
            .map(|of_scope| of_scope.scope.as_ref().unwrap().name.as_str())
            .collect();
        // Squares leave no remainder of two.
        assert_eq!(scopes, ["shop", "shop::orders"]);
        for (of_scope, is_multiple) in of_resource.scope_logs.iter().zip([true, false]) {
            let numbers = (0..100).filter(|number| (number % 3 == 0) == is_multiple);
            let expected: Vec<_> = numbers
                .map(|number| said(format!("record {number}")))
                .collect();
            assert_eq!(of_scope.log_records, expected);
        }
    }
}
