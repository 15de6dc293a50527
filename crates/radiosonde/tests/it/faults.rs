//! Collectors that misbehave, and accounts that add up all the same.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::{Config, Delivery, Sonde, build, ext};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::{eventually, size};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::account::Account;
use crate::child::{self, printed};

/// Answers so many requests with a service.
async fn serve(sonde: &Sonde, requests: u64) {
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    for _ in 0..requests {
        let _ = app
            .clone()
            .oneshot(Request::new(Body::empty()))
            .await
            .unwrap();
    }
}

/// Every way to misbehave, and whether spans arrive nevertheless.
fn modes() -> Vec<(&'static str, Mode, bool)> {
    vec![
        ("none", Mode::status(200), true),
        ("refuse", Mode::Refuse, false),
        ("black hole", Mode::BlackHole, false),
        ("hang", Mode::Hang, false),
        ("reset", Mode::Reset, false),
        ("drip", Mode::drip(), false),
        ("400", Mode::status(400), false),
        ("500", Mode::status(500), false),
        ("503", Mode::status(503), false),
        ("throttle", Mode::throttle(429, 600), false),
        ("partial success", Mode::partial(2), true),
        ("oversized", Mode::oversized(), false),
        (
            "another protocol",
            Mode::answer("text/html", "<html>"),
            false,
        ),
        ("nonsense", Mode::answer(PROTOBUF, "<html>"), false),
    ]
}

const PROTOBUF: &str = "application/x-protobuf";

/// Every kind of runtime that a host may have, and the one worker that may be all there is.
fn runtimes() -> [(&'static str, Runtime); 3] {
    let of = |workers| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers).enable_all().build()
    };
    let single = Builder::new_current_thread().enable_all().build();
    [
        ("current thread", single.unwrap()),
        ("one worker", of(1).unwrap()),
        ("two workers", of(2).unwrap()),
    ]
}

fn shut_down(runtime: &Runtime, endpoint: &str, budget: Duration) -> (Sonde, Duration) {
    runtime.block_on(async {
        let mut parts = build(Config::new("checkout").otlp_endpoint(endpoint)).unwrap();
        let dispatch = ext::dispatch(&mut parts);
        let sonde = parts.into_sonde();
        let log = || (0..20).for_each(|order| tracing::info!(order, "an order"));
        tracing::dispatcher::with_default(&dispatch, log);
        serve(&sonde, 20).await;
        let before = Instant::now();
        sonde.shutdown(budget).await;
        (sonde, before.elapsed())
    })
}

#[test]
fn in_every_mode_the_accounts_add_up_and_the_end_comes_in_time() {
    for (flavour, runtime) in runtimes() {
        for (name, mode, arrives) in modes() {
            let collector = FaultCollector::start(mode);
            // What arrives takes as long as it takes on a busy machine; what does not takes all there is.
            let budget = Duration::from_millis(if arrives { 20_000 } else { 600 });
            let (sonde, took) = shut_down(&runtime, &collector.endpoint(), budget);
            let case = format!("{name} on {flavour}");
            // The promise is five seconds, also for what takes all there is. A machine that is busy may take its time.
            let promised = !arrives && size(0, 1) == 1;
            let most = Duration::from_secs(if promised { 5 } else { 40 });
            assert!(took < most, "{case} took {took:?}");
            Account::of_points(&sonde);
            let spans = Account::of_spans(&sonde);
            assert_eq!(spans.all, 20, "{case}");
            // What is no collector takes a message with success, and accepts nothing of it.
            let accepted_of = |path| if arrives { collector.accepted(path) } else { 0 };
            let accepted = accepted_of("/v1/traces");
            assert_eq!(spans.sent, accepted, "{case}: {spans:?}");
            assert_eq!(accepted > 0, arrives, "{case}: {spans:?}");
            let records = Account::of_records(&sonde);
            assert_eq!(records.all, 20, "{case}");
            let accepted = accepted_of("/v1/logs");
            assert_eq!(records.sent, accepted, "{case}: {records:?}");
            assert_eq!(accepted > 0, arrives, "{case}: {records:?}");
        }
    }
}

/// Runs a test in a child whose spans wait for 100 ms, and those of this variable.
fn in_child(test: &str, variable: (&str, &str)) -> bool {
    if child::is_child() {
        return true;
    }
    let quick = ("OTEL_BSP_SCHEDULE_DELAY", "100");
    let metrics = ("OTEL_METRICS_EXPORTER", "none");
    printed(&child::run(test, &[quick, metrics, variable]));
    false
}

fn service(collector: &FaultCollector) -> (Runtime, Sonde) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config::new("checkout").otlp_endpoint(collector.endpoint());
    let sonde = runtime.block_on(async { build(config).unwrap().into_sonde() });
    (runtime, sonde)
}

/// Waits until the collector got the next request.
fn wait_for_request(collector: &FaultCollector) {
    let before = collector.requests().len();
    eventually("a request", Duration::from_secs(30), || {
        (collector.requests().len() > before).then_some(())
    });
}

fn wait_for_spans(collector: &FaultCollector, count: u64) {
    eventually("the spans", Duration::from_secs(30), || {
        (collector.accepted("/v1/traces") == count).then_some(())
    });
}

#[test]
fn a_collector_that_dies_and_comes_back_in_time_costs_nothing() {
    let name = "faults::a_collector_that_dies_and_comes_back_in_time_costs_nothing";
    if !in_child(name, ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")) {
        return;
    }
    let collector = FaultCollector::start(Mode::status(503));
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 3));
    wait_for_request(&collector);
    collector.set(Mode::Refuse);
    runtime.block_on(serve(&sonde, 2));
    collector.set(Mode::status(200));
    wait_for_spans(&collector, 5);
    let report = runtime.block_on(sonde.shutdown(Duration::from_secs(5)));
    assert_eq!(
        (report.spans.ended, report.spans.sent),
        (5, 5),
        "{report:?}"
    );
}

#[test]
fn a_pause_that_the_collector_asks_for_is_kept() {
    let name = "faults::a_pause_that_the_collector_asks_for_is_kept";
    if !in_child(name, ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")) {
        return;
    }
    let collector = FaultCollector::start(Mode::throttle(429, 2));
    let (runtime, sonde) = service(&collector);
    let before = Instant::now();
    runtime.block_on(serve(&sonde, 3));
    wait_for_request(&collector);
    collector.set(Mode::status(200));
    wait_for_spans(&collector, 3);
    assert!(
        before.elapsed() >= Duration::from_secs(2),
        "it came too soon"
    );
    let report = runtime.block_on(sonde.shutdown(Duration::from_secs(5)));
    assert_eq!(
        (report.spans.sent, report.spans.failed),
        (3, 0),
        "{report:?}"
    );
}

#[test]
fn a_pause_beyond_all_time_costs_what_was_offered_and_nothing_else() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let name = "faults::a_pause_beyond_all_time_costs_what_was_offered_and_nothing_else";
    if !in_child(name, ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")) {
        return;
    }
    std::panic::set_hook(Box::new(|_| {
        PANICS.fetch_add(1, Relaxed);
    }));
    let collector = FaultCollector::start(Mode::throttle(503, u64::MAX));
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 1));
    eventually("the failure", Duration::from_secs(30), || {
        let text = sonde.metrics().render();
        text.contains("radiosonde_spans_failed_total 1\n")
            .then_some(())
    });
    assert_eq!(PANICS.load(Relaxed), 0, "what is caught is a panic, too");
}

#[test]
fn during_a_pause_that_is_too_long_spans_are_dropped_unsent() {
    let name = "faults::during_a_pause_that_is_too_long_spans_are_dropped_unsent";
    if !in_child(name, ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")) {
        return;
    }
    let collector = FaultCollector::start(Mode::throttle(503, 3_600));
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 3));
    wait_for_request(&collector);
    eventually("the failure", Duration::from_secs(30), || {
        let text = sonde.metrics().render();
        text.contains("radiosonde_spans_failed_total 3\n")
            .then_some(())
    });
    runtime.block_on(serve(&sonde, 2));
    let report = runtime.block_on(sonde.shutdown(Duration::from_secs(5)));
    let Delivery {
        sent,
        failed,
        dropped,
        ..
    } = report.spans;
    assert_eq!((sent, failed, dropped), (0, 3, 2), "{report:?}");
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn exports_are_compressed_when_that_is_asked_for() {
    let name = "faults::exports_are_compressed_when_that_is_asked_for";
    if !in_child(name, ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP")) {
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let (runtime, sonde) = service(&collector);
    runtime.block_on(serve(&sonde, 3));
    let report = runtime.block_on(sonde.shutdown(Duration::from_secs(5)));
    assert_eq!(report.spans.sent, 3, "{report:?}");
    wait_for_spans(&collector, 3);
    let requests = collector.requests();
    assert_eq!(requests[0].header("content-encoding"), Some("gzip"));
}

#[test]
fn what_a_collector_refuses_is_told_with_its_words() {
    let name = "faults::what_a_collector_refuses_is_told_with_its_words";
    if child::is_child() {
        let endpoint = std::env::var("COLLECTOR").unwrap();
        let config = Config::new("checkout").otlp_endpoint(endpoint);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sonde = radiosonde::init(config).unwrap();
            serve(&sonde, 1).await;
            sonde.shutdown(Duration::from_secs(5)).await;
        });
        return;
    }
    // A partial success that refuses 1, with a message. One span, because several may travel in several messages.
    let answer = b"\x0a\x0b\x08\x01\x12\x07too old";
    let collector = FaultCollector::start(Mode::answer(PROTOBUF, answer));
    let endpoint = collector.endpoint();
    let text = printed(&child::run(name, &[("COLLECTOR", &*endpoint)]));
    assert!(
        text.contains("the collector refused 1 of 1: too old"),
        "{text}"
    );
}
