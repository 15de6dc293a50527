//! What a collector does not take at once, and when it is offered again.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use radiosonde::{Config, Delivery, Sonde, build};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tokio::runtime::{Builder, Runtime};

use super::protocol::{Protocol, in_children, serve};

/// Runs a test in children whose spans wait for 100 ms, and are offered for so many milliseconds.
fn offered_for(milliseconds: &str, test: &str) -> Option<Protocol> {
    let variables = [
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", milliseconds),
    ];
    in_children(&format!("faults::offered_again::{test}"), &variables)
}

fn service(collector: &FaultCollector) -> (Runtime, Sonde) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config::new("checkout").otlp_endpoint(collector.endpoint());
    let sonde = runtime.block_on(async { build(config).unwrap().into_sonde() });
    (runtime, sonde)
}

/// Waits until the collector got a request.
fn wait_for_request(collector: &FaultCollector) {
    eventually("a request", PATIENCE, || {
        (!collector.requests().is_empty()).then_some(())
    });
}

fn wait_for_spans(collector: &FaultCollector, protocol: Protocol, count: u64) {
    eventually("the spans", PATIENCE, || {
        (collector.accepted(protocol.traces()) == count).then_some(())
    });
}

fn wait_for_failed(sonde: &Sonde, count: u64) {
    eventually("the failure", PATIENCE, || {
        let failed = format!("radiosonde_spans_failed_total {count}\n");
        sonde.metrics().render().contains(&failed).then_some(())
    });
}

#[test]
fn a_collector_that_dies_and_comes_back_in_time_costs_nothing() {
    let name = "a_collector_that_dies_and_comes_back_in_time_costs_nothing";
    let Some(protocol) = offered_for("60000", name) else {
        return;
    };
    let collector = FaultCollector::start(protocol.is_unavailable());
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 3));
    wait_for_request(&collector);
    // It is killed, with its connections.
    collector.set(Mode::Refuse);
    runtime.block_on(serve(&sonde, 2));
    collector.set(protocol.takes());
    wait_for_spans(&collector, protocol, 5);
    let report = runtime.block_on(sonde.shutdown(PATIENCE));
    let of = report.spans;
    assert_eq!((of.ended, of.sent), (5, 5), "{report:?}");
}

#[test]
fn a_pause_that_the_collector_asks_for_is_kept() {
    let Some(protocol) = offered_for("60000", "a_pause_that_the_collector_asks_for_is_kept") else {
        return;
    };
    for mode in [protocol.throttles(2), protocol.pauses(2)] {
        let collector = FaultCollector::start(mode);
        let (runtime, sonde) = service(&collector);
        let before = Instant::now();
        runtime.block_on(serve(&sonde, 3));
        wait_for_request(&collector);
        collector.set(protocol.takes());
        wait_for_spans(&collector, protocol, 3);
        let took = before.elapsed();
        assert!(took >= Duration::from_secs(2), "it came too soon: {took:?}");
        let report = runtime.block_on(sonde.shutdown(PATIENCE));
        let of = report.spans;
        assert_eq!((of.sent, of.failed), (3, 0), "{report:?}");
    }
}

#[test]
fn a_pause_beyond_all_time_costs_what_was_offered_and_nothing_else() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let name = "a_pause_beyond_all_time_costs_what_was_offered_and_nothing_else";
    let Some(protocol) = offered_for("1000", name) else {
        return;
    };
    std::panic::set_hook(Box::new(|_| {
        PANICS.fetch_add(1, Relaxed);
    }));
    let collector = FaultCollector::start(protocol.pauses(u64::MAX));
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 1));
    wait_for_failed(&sonde, 1);
    assert_eq!(PANICS.load(Relaxed), 0, "what is caught is a panic, too");
}

#[test]
fn during_a_pause_that_is_too_long_spans_are_dropped_unsent() {
    let name = "during_a_pause_that_is_too_long_spans_are_dropped_unsent";
    let Some(protocol) = offered_for("1000", name) else {
        return;
    };
    let collector = FaultCollector::start(protocol.throttles(3_600));
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 1));
    wait_for_failed(&sonde, 1);
    runtime.block_on(serve(&sonde, 2));
    let report = runtime.block_on(sonde.shutdown(PATIENCE));
    let Delivery {
        sent,
        failed,
        dropped,
        ..
    } = report.spans;
    assert_eq!((sent, failed, dropped), (0, 1, 2), "{report:?}");
    assert_eq!(collector.requests().len(), 1);
}

const PATIENCE: Duration = Duration::from_secs(30);
