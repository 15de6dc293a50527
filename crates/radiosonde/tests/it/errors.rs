//! Error reports, taken by a fault collector that keeps them.

use std::time::{Duration, Instant};

use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use serde_json::Value;

use crate::child::{self, printed};

/// The events that arrived: the third line of each envelope.
fn events(collector: &FaultCollector) -> Vec<Value> {
    let event =
        |body: &[u8]| serde_json::from_slice(body.split(|byte| *byte == b'\n').nth(2)?).ok();
    collector
        .requests()
        .iter()
        .filter_map(|request| event(&request.body))
        .collect()
}

/// Runs a child that reports to the collector, and returns what arrived when it has ended.
fn reported(name: &str, collector: &FaultCollector) -> Vec<Value> {
    let dsn = format!("http://key@{}/1", collector.addr());
    printed(&child::run(name, &[("SENTRY_DSN", &dsn)]));
    events(collector)
}

#[test]
fn a_record_of_the_log_crate_is_reported_under_its_own_name() {
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        log::error!(target: "elsewhere", "it broke");
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let events = reported(
        "errors::a_record_of_the_log_crate_is_reported_under_its_own_name",
        &collector,
    );
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(
        (&events[0]["logger"], &events[0]["message"]),
        (&"elsewhere".into(), &"it broke".into())
    );
    assert!(events[0].get("extra").is_none(), "{events:?}");
}

#[test]
fn panics_are_reported_and_go_on_to_the_hook_that_was_there() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| println!("the hook of the host")));
        let sonde = radiosonde::init("checkout").unwrap();
        for _ in 0..3 {
            std::thread::spawn(|| panic!("as expected"))
                .join()
                .unwrap_err();
        }
        let captured = "radiosonde_error_events_captured_total 3\n";
        assert!(sonde.metrics().render().contains(captured));
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let dsn = format!("http://key@{}/1", collector.addr());
    let name = "errors::panics_are_reported_and_go_on_to_the_hook_that_was_there";
    let text = printed(&child::run(name, &[("SENTRY_DSN", &dsn)]));
    assert_eq!(text.matches("the hook of the host").count(), 3, "{text}");
    let values: Vec<_> = events(&collector)
        .iter()
        .map(|event| event["exception"]["values"][0]["value"].clone())
        .collect();
    assert_eq!(values, ["as expected"; 3]);
}

#[test]
fn while_sentry_hangs_a_panic_waits_for_nothing() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| {}));
        let sonde = radiosonde::init("checkout").unwrap();
        let before = Instant::now();
        for _ in 0..1_000 {
            std::thread::spawn(|| panic!("as expected"))
                .join()
                .unwrap_err();
        }
        // Far more than a thousand threads take, and far less than one flush.
        assert!(
            before.elapsed() < Duration::from_secs(20),
            "{:?}",
            before.elapsed()
        );
        let text = sonde.metrics().render();
        assert!(
            text.contains("radiosonde_error_events_captured_total 1000\n"),
            "{text}"
        );
        return;
    }
    let collector = FaultCollector::start(Mode::Hang);
    let dsn = format!("http://key@{}/1", collector.addr());
    printed(&child::run(
        "errors::while_sentry_hangs_a_panic_waits_for_nothing",
        &[("SENTRY_DSN", &dsn)],
    ));
    eventually("a report that hangs", Duration::from_secs(10), || {
        (!collector.requests().is_empty()).then_some(())
    });
}
