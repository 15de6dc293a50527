//! What error reports cost a request that does not fail. Apart, because the allocator that counts is that of the whole program.

#![cfg(all(feature = "sentry", feature = "axum"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use allocation_counter::measure;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::{Config, Service, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tokio::runtime::Builder;
use tower::Service as _;

/// How many allocations a request takes.
fn allocations(config: Config) -> u64 {
    const REQUESTS: u64 = 100;
    let sonde = build(config).unwrap().into_sonde();
    let mut app = Router::new()
        .route("/orders/{id}", get(async || "an order"))
        .layer(sonde.layer());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut ask = |times| {
        for _ in 0..times {
            let request = Request::get("/orders/7?page=2")
                .body(Body::empty())
                .unwrap();
            let response = runtime.block_on(app.call(request)).unwrap();
            drop(response);
        }
    };
    // What is kept for the requests to come is made by the first ones.
    ask(REQUESTS);
    measure(|| ask(REQUESTS)).count_total / REQUESTS
}

#[test]
fn a_request_that_does_not_fail_pays_no_allocation_for_reports() {
    let collector = FaultCollector::start(Mode::status(200));
    let service = || Service::new("checkout").version("1.4.2");
    let without = allocations(Config::new(service()));
    let dsn = format!("http://key@{}/1", collector.addr());
    let with = allocations(Config::new(service()).sentry_dsn(dsn));
    assert_eq!(with, without);
}
