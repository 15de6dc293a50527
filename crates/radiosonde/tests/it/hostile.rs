//! What a host may do to its telemetry, each in a process of its own.

use std::cell::RefCell;
use std::fmt;

use serde_json::Value;

use crate::child::{self, printed};

/// The value of a field that refuses to be formatted, as some dates do with a format that is wrong.
struct Unformattable;

impl fmt::Display for Unformattable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

impl fmt::Debug for Unformattable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

impl std::error::Error for Unformattable {}

/// With a DSN of nobody, where the feature is on: errors are reported as well as logged.
const NOBODY: [(&str, &str); 1] = [("SENTRY_DSN", "http://key@127.0.0.1:1/1")];

#[test]
fn a_value_that_cannot_be_formatted_costs_its_text_and_no_more() {
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        tracing::error!(display = %Unformattable, debug = ?Unformattable, "first");
        tracing::error!(error = &Unformattable as &dyn std::error::Error, "second");
        tracing::error!("{Unformattable}");
        tracing::info!("last");
        return;
    }
    let name = "hostile::a_value_that_cannot_be_formatted_costs_its_text_and_no_more";
    let text = printed(&child::run(name, &NOBODY));
    for message in ["first", "second", "last"] {
        assert!(
            text.contains(&format!("\"message\":\"{message}\"")),
            "{text}"
        );
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_thread_may_log_while_it_is_ending() {
    struct SaysGoodbye;
    impl Drop for SaysGoodbye {
        fn drop(&mut self) {
            tracing::error!("goodbye");
        }
    }
    thread_local! {
        static LAST: RefCell<Option<SaysGoodbye>> = const { RefCell::new(None) };
    }
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        // First, so that it goes last, after what the log and the spans keep for the thread.
        let work = || {
            LAST.set(Some(SaysGoodbye));
            tracing::info!("hello");
        };
        std::thread::spawn(work).join().unwrap();
        return;
    }
    let text = printed(&child::run(
        "hostile::a_thread_may_log_while_it_is_ending",
        &NOBODY,
    ));
    assert!(
        text.contains("goodbye") && !text.contains("panicked"),
        "{text}"
    );
}

#[test]
fn a_span_keeps_the_last_value_of_a_field_and_stays_short() {
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        let span = tracing::info_span!("upload", progress = 0, note = tracing::field::Empty);
        for progress in 0..100_000 {
            span.record("progress", progress);
        }
        span.record("note", "x".repeat(1_000_000));
        span.in_scope(|| tracing::info!("inside"));
        return;
    }
    let text = printed(&child::run(
        "hostile::a_span_keeps_the_last_value_of_a_field_and_stays_short",
        &[],
    ));
    let line = text.lines().find(|line| line.contains("inside")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        line["spans"],
        serde_json::json!([{"name": "upload", "fields": {"progress": 99_999}}])
    );
}

#[test]
fn a_field_of_a_span_may_be_called_message() {
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        let span = tracing::info_span!("send", message = "hello", id = 1);
        span.record("message", "goodbye");
        span.in_scope(|| tracing::info!("inside"));
        return;
    }
    let text = printed(&child::run(
        "hostile::a_field_of_a_span_may_be_called_message",
        &[],
    ));
    let line = text.lines().find(|line| line.contains("inside")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        line["spans"],
        serde_json::json!([{"name": "send", "fields": {"message": "goodbye", "id": 1}}])
    );
}

#[test]
fn fields_named_like_those_of_the_log_crate_are_kept() {
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        tracing::info!(log.iostream = "stdout", "an event");
        log::info!(target: "elsewhere", "a record");
        return;
    }
    let text = printed(&child::run(
        "hostile::fields_named_like_those_of_the_log_crate_are_kept",
        &[],
    ));
    assert!(
        text.contains(r#""fields":{"log.iostream":"stdout"}"#),
        "{text}"
    );
    let record = text.lines().find(|line| line.contains("a record")).unwrap();
    assert!(
        record.contains(r#""target":"elsewhere""#) && !record.contains("fields"),
        "{record}"
    );
}

#[cfg(feature = "otlp")]
#[test]
fn a_secret_in_the_wrong_place_is_not_printed() {
    if child::is_child() {
        let config = radiosonde::Config::new("checkout")
            .otlp_endpoint("http://collector.invalid:4318/s3cret?token=s3cret");
        println!("{config:?}");
        let sonde = radiosonde::init(config).unwrap();
        println!("{sonde:?}");
        return;
    }
    let variables = [(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "Authorization: Basic s3cret==",
    )];
    let text = printed(&child::run(
        "hostile::a_secret_in_the_wrong_place_is_not_printed",
        &variables,
    ));
    assert!(
        text.contains("1 headers of the exporter are malformed"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}
