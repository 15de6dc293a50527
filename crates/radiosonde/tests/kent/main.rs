//! Every kind of report, as a stand-in for Sentry receives it and Sentry's own Relay reads it.

#![cfg(all(feature = "sentry", feature = "axum"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod shop;

use std::time::UNIX_EPOCH;

use radiosonde_testkit::kent::Kent;
use radiosonde_testkit::relay;
use sentry_types::protocol::v7::{ClientReport, SessionAggregates};
use serde_json::{Value, json};

#[path = "../it/child.rs"]
mod child;

/// What is told: of which request, and what failed last.
const TOLD: [(&str, &str); 14] = [
    ("GET /unavailable/{id}", "the order could not be stored"),
    ("GET /silent", "GET /silent failed with 502"),
    ("GET /broken", "the order could not be shipped"),
    ("GET /logged", "the order could not be stored"),
    ("GET /large", "a large order: ä"),
    ("GET /spawned", "a task of a request ends"),
    ("", "a task ends"),
    ("GET /panics", "no stock left"),
    (
        "POST /shop.v1.Shop/Buy",
        "shop.v1.Shop/Buy failed with INTERNAL",
    ),
    ("GET", "GET failed without a response (inner)"),
    ("", "outside of a request"),
    ("", "the pool is empty"),
    ("", "the order could not be stored"),
    ("", "a thread ends"),
];

#[test]
fn relay_finds_nothing_wrong_with_any_of_them() {
    if child::is_child() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        return runtime.block_on(shop::every_kind());
    }
    let kent = Kent::start();
    let variables = [("SENTRY_DSN", &*kent.dsn()), ("SENTRY_DIST", "linux-1")];
    child::printed(&child::run(
        "relay_finds_nothing_wrong_with_any_of_them",
        &variables,
    ));
    let events = kent.events();
    let normalized = relay::normalize(&events);
    assert_eq!(normalized.len(), TOLD.len());
    for ((sent, read), (transaction, what)) in events.iter().zip(&normalized).zip(TOLD) {
        assert_eq!(read.errors, [""; 0], "{sent:#}");
        let read = &read.event;
        assert_eq!(sent["transaction"].as_str(), non_empty(transaction));
        assert!(told(read).starts_with(what), "{what}: {read:#}");
        assert_eq!(read["release"], "checkout@1.4.2", "{read:#}");
        assert_eq!(read["environment"], "production", "{read:#}");
        assert_eq!(read["dist"], "linux-1", "{read:#}");
        assert!(!read.to_string().contains("s3cret"), "{read:#}");
        let trace = |event: &Value| event["contexts"]["trace"]["trace_id"].clone();
        let expected = non_empty(transaction).map_or(Value::Null, |_| TRACE.into());
        assert_eq!(trace(sent), expected, "{sent:#}");
        // Relay makes one up where there is none.
        assert!(expected.is_null() || trace(read) == expected, "{read:#}");
        // What Relay does not know it would have moved or dropped.
        for member in sent.as_object().unwrap().keys() {
            let moved = matches!(member.as_str(), "message" | "server_name");
            assert!(moved || read.get(member).is_some(), "{member}: {read:#}");
        }
    }
    let events: Vec<_> = normalized.iter().map(|read| &read.event).collect();
    details_are_those_of_the_request(&events);
    sessions_are_told_by_their_ends(&kent);
    losses_are_told_by_their_reasons(&kent);
}

/// Returns the outermost error, else the message.
fn told(event: &Value) -> &str {
    let errors = event["exception"]["values"].as_array();
    let outermost = errors.and_then(|errors| errors.last()?["value"].as_str());
    outermost.unwrap_or_else(|| event["logentry"]["formatted"].as_str().unwrap())
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn details_are_those_of_the_request(events: &[&Value]) {
    let [_, _, broken, logged, large, _, _, panic, ..] = events else {
        panic!("{events:#?}");
    };
    let count = |event: &Value, list: &str| event[list]["values"].as_array().unwrap().len();
    assert_eq!(count(broken, "exception"), 3, "{broken:#}");
    assert_eq!(count(logged, "exception"), 2, "{logged:#}");
    assert_eq!(count(logged, "breadcrumbs"), 1, "{logged:#}");
    assert_eq!(logged["user"]["email"], "joe@example.com", "{logged:#}");
    let headers = logged["request"]["headers"].to_string();
    assert!(headers.contains("192.0.2.7"), "{headers}");
    assert_eq!(count(large, "breadcrumbs"), 50, "{large:#}");
    assert_eq!(panic["level"], "fatal", "{panic:#}");
    let mechanism = json!({"type": "panic", "handled": false});
    assert_eq!(panic["exception"]["values"][0]["mechanism"], mechanism);
}

// Relay's normaliser is one of events, and has no way in for anything else. That is read with the types of Sentry's own SDK.
// It is told in parts, as many as there were occasions.

fn sessions_are_told_by_their_ends(kent: &Kent) {
    let mut ends = [0; 3];
    for sessions in kent.items("sessions") {
        let sessions: SessionAggregates<'_> = serde_json::from_value(sessions).unwrap();
        let attributes = &sessions.attributes;
        assert_eq!(attributes.release, "checkout@1.4.2");
        assert_eq!(attributes.environment.as_deref(), Some("production"));
        for aggregate in sessions.aggregates {
            let started = aggregate.started.duration_since(UNIX_EPOCH).unwrap();
            assert_eq!(started.as_millis() % 60_000, 0, "to the minute");
            let told = [aggregate.exited, aggregate.errored, aggregate.crashed];
            ends = std::array::from_fn(|end| ends[end] + told[end]);
        }
    }
    assert_eq!(ends, [0, 4, 5]);
}

fn losses_are_told_by_their_reasons(kent: &Kent) {
    let mut lost = 0;
    for losses in kent.items("client_report") {
        // What is not known of it is no reason and no category of Sentry's.
        let read: ClientReport = serde_json::from_value(losses.clone()).unwrap();
        let read = serde_json::to_value(read).unwrap();
        assert_eq!(read["discarded_events"], losses["discarded_events"]);
        for discarded in losses["discarded_events"].as_array().unwrap() {
            assert_eq!(discarded["reason"], "event_processor", "{losses:#}");
            assert_eq!(discarded["category"], "error", "{losses:#}");
            lost += discarded["quantity"].as_u64().unwrap();
        }
    }
    assert_eq!(lost, 1);
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
