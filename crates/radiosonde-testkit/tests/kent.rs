//! The driver of kent, against an envelope written by hand, and what Relay says of events.

use radiosonde_testkit::http;
use radiosonde_testkit::kent::Kent;
use radiosonde_testkit::relay;
use serde_json::json;

#[test]
fn events_are_shown_whole_and_other_items_are_not() {
    let kent = Kent::start();
    assert!(kent.events().is_empty());

    let event = json!({
        "event_id": "fc6d8c0c43fc4630ad850ee518f1b9d0",
        "level": "error",
        "exception": { "values": [{ "type": "panic", "value": "the balloon burst" }] },
        "contexts": { "trace": { "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736" } },
    });
    let envelope = format!(
        "{{}}\n{{\"type\":\"session\"}}\n{{\"sid\":\"1\"}}\n{{\"type\":\"event\"}}\n{event}\n"
    );
    let headers = [("content-type", "application/x-sentry-envelope")];
    let path = "/api/1/envelope/";
    let response = http::post(kent.addr(), path, &headers, envelope.as_bytes()).unwrap();

    assert_eq!(response.status, 200);
    assert_eq!(kent.events(), [event]);
    assert_eq!(kent.items("session"), [json!({ "sid": "1" })]);
}

#[test]
fn more_events_are_kept_than_a_test_sends() {
    const COUNT: usize = 250;
    let kent = Kent::start();
    let envelope =
        "{}\n".to_owned() + &"{\"type\":\"event\"}\n{\"level\":\"error\"}\n".repeat(COUNT);

    let path = "/api/1/envelope/";
    let response = http::post(kent.addr(), path, &[], envelope.as_bytes()).unwrap();

    assert_eq!(response.status, 200);
    assert_eq!(kent.events().len(), COUNT);
}

#[test]
fn the_dsn_leads_to_kent() {
    let kent = Kent::start();

    assert_eq!(kent.dsn(), format!("http://public@{}/1", kent.addr()));
}

#[test]
fn relay_says_what_is_wrong_with_an_event_and_where() {
    let right = json!({ "level": "error", "message": "the balloon burst" });
    let wrong = json!({ "level": "hopeless", "contexts": { "trace": { "trace_id": "0" } } });

    let [right, wrong] = &relay::normalize(&[right, wrong])[..] else {
        panic!("one for each");
    };

    assert_eq!(right.errors, [""; 0]);
    assert_eq!(right.event["logentry"]["formatted"], "the balloon burst");
    let about = |path: &str| wrong.errors.iter().any(|error| error.starts_with(path));
    assert!(about("/level: "), "{:?}", wrong.errors);
    assert!(about("/contexts/trace/trace_id: "), "{:?}", wrong.errors);
}
