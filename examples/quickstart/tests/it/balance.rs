//! A thousand requests, of which a hundred are cut and a hundred panic.

use std::net::SocketAddr;
use std::time::Duration;

use radiosonde_testkit::http::{self, RawConnection};
use radiosonde_testkit::{eventually, service::Service};

use crate::quickstart;

/// The sum over the samples of a metric whose labels contain `part`.
fn total(service: &Service, metric: &str, part: &str) -> i64 {
    let text = service.get("/metrics").unwrap().text();
    let samples = text
        .lines()
        .filter(|line| line.starts_with(&format!("{metric}{{")) && line.contains(part));
    samples
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<i64>().unwrap())
        .sum()
}

/// Opens a connection and asks for `path`, without reading the answer.
fn ask(addr: SocketAddr, path: &str) -> RawConnection {
    let mut client = RawConnection::open(addr).unwrap();
    client.send_head("GET", path, &[]).unwrap();
    client
}

/// Waits until so many requests are in flight.
#[track_caller]
fn await_active(service: &Service, count: i64) {
    eventually(
        &format!("{count} requests in flight"),
        Duration::from_mins(1),
        || (total(service, "http_active_connections", "") == count).then_some(()),
    );
}

#[test]
fn a_thousand_requests_add_up_to_a_thousand() {
    let service = Service::start(&quickstart());
    let addr = service.addr();

    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..700 {
                assert_eq!(service.get("/hello/you").unwrap().status, 200);
            }
        });
        scope
            .spawn(|| (0..100).for_each(|_| assert_eq!(service.get("/fail").unwrap().status, 500)));
        scope.spawn(|| (0..100).for_each(|_| assert!(http::get(addr, "/panic", &[]).is_err())));
    });

    // Fifty clients leave while they wait for the head, fifty within the body; all of them when they have arrived.
    let streams: Vec<_> = (0..50)
        .map(|_| {
            let mut client = ask(addr, "/stream");
            client.read_head().unwrap();
            client
        })
        .collect();
    streams.into_iter().for_each(RawConnection::cut);
    await_active(&service, 0);
    let waiting: Vec<_> = (0..50).map(|_| ask(addr, "/slow")).collect();
    await_active(&service, 50);
    waiting.into_iter().for_each(RawConnection::cut);
    await_active(&service, 0);

    assert_eq!(total(&service, "http_requests_total", ""), 1_000);
    for (outcome, count) in [
        ("ok", 700),
        ("error", 100),
        ("panicked", 100),
        ("cancelled", 100),
    ] {
        assert_eq!(
            total(
                &service,
                "http_requests_total",
                &format!("outcome=\"{outcome}\"")
            ),
            count,
            "{outcome}"
        );
    }
    assert_eq!(
        total(&service, "http_request_duration_seconds_count", ""),
        1_000
    );
    assert_eq!(total(&service, "http_errors_total", ""), 200);
}
