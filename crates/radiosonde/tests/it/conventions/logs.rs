//! Log records, and the errors in them.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use radiosonde::{Config, build, ext};
use radiosonde_testkit::fault::{FaultCollector, Mode};

use super::table::Kind::{Number, Text};
use super::table::Level::{If, Ours, Recommended};
use super::table::{Row, Story, conform, left_out, row, shown};
use crate::exported::resource_logs;

/// <https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/>
const TABLE: &[Row] = &[
    row(
        "exception.message",
        If("no type is told"),
        Text,
        "Division by zero",
    ),
    left_out(
        "exception.type",
        If("no message is told"),
        Text,
        "java.net.ConnectException",
        "an error of Rust does not know its type",
    ),
    left_out(
        "exception.stacktrace",
        Recommended,
        Text,
        "at main",
        "an error of Rust does not know where it came from",
    ),
    // What the event itself says.
    row("error", Ours, Text, "outer: inner"),
    row("order", Ours, Number, "7"),
];

#[derive(Debug)]
struct Refused(std::io::Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the card was refused")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Logs, and returns the records that arrive, with what logged them.
fn logged(log: impl FnOnce()) -> Vec<(String, LogRecord)> {
    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new("checkout")
        .otlp_endpoint(collector.endpoint())
        .log_filter("trace,hyper_util=off");
    let mut parts = build(config).unwrap();
    tracing::dispatcher::with_default(&ext::dispatch(&mut parts), log);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let sonde = parts.into_sonde();
    runtime
        .unwrap()
        .block_on(sonde.shutdown(Duration::from_secs(20)));
    let scopes = resource_logs(&collector)
        .into_iter()
        .flat_map(|logs| logs.scope_logs);
    let records = scopes.flat_map(|scope| {
        let name = scope.scope.unwrap().name;
        let records = scope.log_records.into_iter();
        records.map(move |record| (name.clone(), record))
    });
    let mut records: Vec<_> = records.collect();
    records.sort_by_key(|(_, record)| record.time_unix_nano);
    records
}

#[test]
fn an_error_is_told_as_the_conventions_have_it_and_in_its_own_field() {
    let records = logged(|| {
        let refused = Refused(std::io::Error::other("no funds"));
        tracing::error!(order = 7, error = &refused as &dyn Error, "not paid");
    });
    let [(_, record)] = &records[..] else {
        panic!("not one record: {records:?}")
    };
    let story = Story {
        name: "an error",
        attributes: record.attributes.clone(),
        expected: vec![
            ("exception.message", "the card was refused"),
            ("error", "the card was refused: no funds"),
            ("order", "7"),
        ],
    };
    conform(TABLE, &[story]);
}

/// <https://opentelemetry.io/docs/specs/otel/logs/data-model/>
#[test]
fn a_record_has_the_fields_of_the_data_model() {
    let records = logged(|| {
        let before = std::time::SystemTime::now();
        tracing::trace!("a");
        tracing::debug!("b");
        tracing::info!("c");
        tracing::warn!("d");
        tracing::error!(target: "elsewhere", "e");
        assert!(before.elapsed().is_ok());
    });
    let told: Vec<_> = records
        .iter()
        .map(|(scope, record)| {
            let body = record.body.as_ref().and_then(|body| body.value.as_ref());
            assert!(matches!(body, Some(Value::StringValue(_))), "{record:?}");
            assert_ne!(record.time_unix_nano, 0);
            assert_eq!(record.time_unix_nano, record.observed_time_unix_nano);
            // There is no span around it.
            assert!(record.trace_id.is_empty() && record.span_id.is_empty());
            assert!(record.attributes.is_empty(), "{record:?}");
            let (severity, text) = (record.severity_number(), record.severity_text.as_str());
            (scope.as_str(), severity, text, shown(body.unwrap()))
        })
        .collect();
    let here = module_path!();
    let expected = [
        (here, SeverityNumber::Trace, "TRACE", "a"),
        (here, SeverityNumber::Debug, "DEBUG", "b"),
        (here, SeverityNumber::Info, "INFO", "c"),
        (here, SeverityNumber::Warn, "WARN", "d"),
        ("elsewhere", SeverityNumber::Error, "ERROR", "e"),
    ];
    let expected = expected.map(|(scope, severity, text, body)| {
        let body = body.to_owned();
        (scope, severity, text, body)
    });
    assert_eq!(told, expected);
}
