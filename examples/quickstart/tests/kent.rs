//! A stand-in for Sentry that was written by others takes the reports of the quickstart.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::{eventually, http, kent::Kent, relay, service::Service};
use serde_json::Value;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn quickstart(kent: &Kent) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .env("SENTRY_DSN", kent.dsn())
        .env("SENTRY_ENVIRONMENT", "test");
    Service::start(&command)
}

/// Asks for a path as part of a trace.
fn get(service: &Service, path: &str) {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    // A handler that panics answers nothing.
    let _ = http::get(
        service.addr(),
        path,
        &[("traceparent", &parent), ("authorization", "Bearer s3cret")],
    );
}

/// Ends the service, which sends what waits, and returns all that arrived.
fn all_events(mut service: Service, kent: &Kent) -> Vec<Value> {
    service.terminate();
    assert!(service.wait(Duration::from_secs(10)).success());
    let events = kent.events();
    for normalized in relay::normalize(&events) {
        assert_eq!(normalized.errors, [""; 0], "{:#}", normalized.event);
    }
    events
}

/// Returns how often the handler panicked, and the last report. On a busy machine the symbols of a first stack may take longer
/// than a report may wait; they are there for the next.
fn panic_until_there_is_a_stack(service: &Service, kent: &Kent) -> (usize, Value) {
    for panics in 1.. {
        get(service, "/panic?token=s3cret");
        let events = eventually("the report", Duration::from_secs(30), || {
            Some(kent.events()).filter(|events| events.len() >= panics)
        });
        let stack = |event: &&Value| !event["exception"]["values"][0]["stacktrace"].is_null();
        if let Some(event) = events.iter().find(stack) {
            return (panics, event.clone());
        }
    }
    unreachable!("the handler panics until there is a stack")
}

#[test]
fn a_panic_is_one_report_with_its_place_and_its_trace() {
    let kent = Kent::start();
    let service = quickstart(&kent);
    let (panics, arrived) = panic_until_there_is_a_stack(&service, &kent);
    let events = all_events(service, &kent);
    assert_eq!(events.len(), panics, "{events:#?}");

    let exception = &arrived["exception"]["values"][0];
    assert_eq!(
        (&exception["type"], &exception["value"]),
        (&"panic".into(), &"this handler always panics".into())
    );
    assert_eq!(exception["mechanism"]["handled"], false);
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    let in_handler = |frame: &Value| {
        frame["function"]
            .as_str()
            .is_some_and(|name| name.contains("quickstart::routes::panic"))
    };
    assert!(frames.iter().any(in_handler), "{frames:#?}");
    assert_eq!(arrived["contexts"]["trace"]["trace_id"], TRACE);
    assert_eq!(arrived["transaction"], "GET /panic");
    assert_eq!(arrived["release"], "quickstart@0.1.0");
    assert_eq!(arrived["environment"], "test");
    assert!(!arrived.to_string().contains("s3cret"), "{arrived:#?}");
}

#[test]
fn a_failed_request_is_one_report_with_its_cause_and_its_trace() {
    let kent = Kent::start();
    let service = quickstart(&kent);
    get(&service, "/fail");
    let events = all_events(service, &kent);
    assert_eq!(events.len(), 1, "{events:#?}");

    let event = &events[0];
    // An event without a level is an error.
    assert!(event.get("level").is_none_or(|level| level == "error"));
    assert_eq!(event["message"], "the order could not be stored");
    assert_eq!(
        event["exception"]["values"][0]["value"],
        "the database is on fire"
    );
    assert_eq!(event["contexts"]["trace"]["trace_id"], TRACE);
    assert_eq!(event["transaction"], "GET /fail");
}

#[test]
fn requests_that_do_not_fail_are_not_reported() {
    let kent = Kent::start();
    let service = quickstart(&kent);
    get(&service, "/hello/you");
    get(&service, "/nowhere");
    assert!(all_events(service, &kent).is_empty());
}
