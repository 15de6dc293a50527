//! How the quickstart ends, whatever its collector does.
//!
//! A machine that is busy takes its time, so the budget of five seconds is printed, and held to at full size alone. What hangs takes
//! for ever, and is found in any case.

use std::process::Command;
use std::time::{Duration, Instant};

use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::http::RawConnection;
use radiosonde_testkit::{eventually, service::Service, size};

use crate::quickstart;

/// The time within which the service must have ended, with everything hanging.
const FIVE_SECONDS: Duration = Duration::from_secs(5);

fn with_collector(collector: &FaultCollector) -> Command {
    let mut command = quickstart();
    let dsn = format!("http://key@{}/1", collector.addr());
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
        .env("SENTRY_DSN", dsn);
    command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
    command
}

/// Sends SIGTERM and asserts that the service ends well, and does not wait for what never comes.
#[expect(clippy::print_stdout, reason = "a figure")]
#[track_caller]
fn assert_ends(mut service: Service) {
    let before = Instant::now();
    service.terminate();
    let status = service.wait(Duration::from_mins(1));
    let took = before.elapsed();
    assert!(status.success(), "{status}");
    println!("ended within {took:?}");
    if size(0, 1) == 1 {
        assert!(took <= FIVE_SECONDS, "it took {took:?}");
    }
}

#[test]
fn sigterm_ends_it_while_collector_and_sentry_hang() {
    let hanging = FaultCollector::start(Mode::Hang);
    let service = Service::start(&with_collector(&hanging));
    for path in ["/hello/you", "/fail", "/panic"] {
        let _ = service.get(path);
    }
    eventually("an export that hangs", Duration::from_secs(20), || {
        (hanging.requests().len() >= 2).then_some(())
    });
    assert_ends(service);
}

#[test]
fn with_a_collector_that_is_absent_it_serves_and_ends_as_if_nothing_were_wrong() {
    let absent = FaultCollector::start(Mode::Refuse);
    let service = Service::start(&with_collector(&absent));
    assert_eq!(service.get("/hello/you").unwrap().text(), "Hello, you!\n");
    assert_eq!(service.get("/ready").unwrap().status, 200);
    let failed = || {
        let text = service.get("/metrics").unwrap().text();
        text.contains("radiosonde_spans_failed_total 1\n")
            .then_some(())
    };
    eventually(
        "the span to be counted as failed",
        Duration::from_secs(20),
        failed,
    );
    eventually("a line that says so", Duration::from_secs(20), || {
        service
            .stdout()
            .contains("spans cannot be sent; they are counted as failed")
            .then_some(())
    });
    assert_ends(service);
}

#[test]
fn readiness_is_red_while_it_drains_and_requests_are_served() {
    let mut service = Service::start(quickstart().env("RADIOSONDE_DRAIN_DELAY", "60s"));
    service.terminate();
    eventually("readiness to turn red", Duration::from_secs(20), || {
        (service.get("/ready").unwrap().status == 503).then_some(())
    });
    assert_eq!(service.get("/live").unwrap().status, 200);
    assert_eq!(service.get("/hello/you").unwrap().status, 200);
    // A second signal skips what is left of the delay.
    assert_ends(service);
}

#[test]
fn a_third_signal_cuts_what_is_in_flight() {
    let variables = [
        ("RADIOSONDE_DRAIN_DELAY", "60s"),
        ("RADIOSONDE_DRAIN_TIMEOUT", "60s"),
    ];
    let mut service = Service::start(quickstart().envs(variables));
    let mut clients: Vec<_> = (0..10)
        .map(|_| RawConnection::open(service.addr()).unwrap())
        .collect();
    for client in &mut clients {
        // Half a head: nothing that would end by itself.
        client.send(b"GET /hello/you HTTP/1.1\r\n").unwrap();
    }
    let draining = |service: &Service| {
        service
            .get("/ready")
            .map_or(true, |ready| ready.status == 503)
    };
    service.terminate();
    eventually("the drain delay", Duration::from_secs(20), || {
        draining(&service).then_some(())
    });
    service.terminate();
    eventually(
        "the end of the drain delay",
        Duration::from_secs(20),
        || service.get("/ready").is_err().then_some(()),
    );
    assert_ends(service);
}

#[test]
fn a_request_in_flight_may_end_and_then_the_service_does() {
    let mut service = Service::start(&quickstart());
    let mut client = RawConnection::open(service.addr()).unwrap();
    client.send_head("GET", "/stream", &[]).unwrap();
    client.read_head().unwrap();
    service.terminate();
    assert!(
        client.read_bytes("piece 1 of 10\n".len() * 9).is_ok(),
        "the body was cut"
    );
    assert!(service.wait(Duration::from_secs(20)).success());
}

#[test]
fn what_does_not_end_is_cut_at_the_drain_timeout_and_its_span_is_sent() {
    let collector = FaultCollector::start(Mode::status(200));
    let mut command = with_collector(&collector);
    command
        .env("RADIOSONDE_DRAIN_TIMEOUT", "0s")
        .env("OTEL_BSP_SCHEDULE_DELAY", "60000");
    let service = Service::start(&command);
    let mut client = RawConnection::open(service.addr()).unwrap();
    client.send_head("GET", "/stream", &[]).unwrap();
    client.read_head().unwrap();
    assert_ends(service);
    let sent = collector.requests();
    let holds =
        |body: &[u8], text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(sent.iter().any(|request| holds(&request.body, "GET /stream") && holds(&request.body, "cancelled")));
}
