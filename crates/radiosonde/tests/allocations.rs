//! What a request allocates. Apart, because the allocator that counts is that of the whole program.

#![cfg(all(feature = "sentry", feature = "axum", feature = "otlp"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::convert::Infallible;
use std::time::Duration;

use allocation_counter::measure;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Response};
use axum::routing::get;

use http_body_util::BodyExt as _;
use radiosonde::errors::{self, ErrorOptions, User};
use radiosonde::layer::RequestOptions;
use radiosonde::trace::{Propagator, SamplingOptions};
use radiosonde::{Config, Service, Sonde, build, ext};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::{hostile, size};
use tokio::runtime::Builder;
use tower::{Layer as _, Service as TowerService, service_fn};
use tracing::instrument::WithSubscriber as _;

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

async fn order(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new("an order".into()))
}

/// How many allocations a hundred requests to a service without a router take, read to the end.
fn of_a_hundred<S, B>(mut service: S) -> u64
where
    S: TowerService<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: HttpBody<Error: std::fmt::Debug>,
{
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut ask = || {
        for _ in 0..100 {
            let request = Request::get("/orders/7?page=2").body(Body::empty());
            let answered = async {
                let Ok(response) = service.call(request.unwrap()).await;
                let mut body = std::pin::pin!(response.into_body());
                while let Some(frame) = body.as_mut().frame().await {
                    drop(frame.unwrap());
                }
            };
            runtime.block_on(answered);
        }
    };
    ask();
    measure(ask).count_total
}

#[test]
fn a_request_that_is_not_sampled_allocates_as_if_there_were_no_layer() {
    let without = of_a_hundred(service_fn(order));
    let hanging = FaultCollector::start(Mode::Hang);
    let everything = Config::new("checkout")
        .otlp_endpoint(hanging.endpoint())
        .sentry_dsn(format!("http://key@{}/1", hanging.addr()))
        .sampling(SamplingOptions::new().ratio(0.0));
    for config in [Config::new("checkout"), everything] {
        let named = RequestOptions::new().route(|_| Some("/orders/{id}"));
        let sonde = build(config.requests(named)).unwrap().into_sonde();
        let observed = sonde.layer().layer(service_fn(order));
        assert_eq!(of_a_hundred(observed), without);
        let metrics = sonde.metrics().render();
        let told = r#"outcome="ok",route="/orders/{id}",status="200"} 200"#;
        assert!(metrics.contains(told), "{metrics}");
    }
}

/// Says of its request what can be said, with more breadcrumbs than are kept, and has a task that follows it say it again.
async fn say_everything() -> &'static str {
    let say = async || {
        errors::set_user(User::new("7").username("joe"));
        errors::set_tag("tenant", "acme");
        errors::set_cause(&std::io::Error::other("no failure"));
        for step in 0..20 {
            tracing::info!(step, "a step");
        }
    };
    say().await;
    let follows = errors::within_request(say().with_current_subscriber());
    tokio::spawn(follows).await.unwrap();
    "an order"
}

/// `RADIOSONDE_TEST_FULL_SIZE=1` with `--release` makes a million.
#[test]
fn the_last_of_a_million_requests_that_say_all_they_can_costs_as_much_as_the_first() {
    const CHUNK: usize = 500;
    let options = ErrorOptions::new().breadcrumbs(20);
    let (_collector, sonde, dispatch) = reporting_in_vain(options);
    let mut app = Router::new()
        .route("/orders/{id}", get(say_everything))
        .layer(sonde.layer());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut ask = || {
        for _ in 0..CHUNK {
            let request = Request::get("/orders/7").body(Body::empty()).unwrap();
            let response = runtime.block_on(app.call(request)).unwrap();
            drop(response);
        }
    };
    tracing::dispatcher::with_default(&dispatch, || {
        // What is made once is made.
        ask();
        let first = measure(&mut ask);
        let mut held = first.bytes_current;
        let mut last = first;
        for _ in 1..size(2_500, 1_000_000) / CHUNK {
            last = measure(&mut ask);
            held += last.bytes_current;
        }
        println!(
            "{} allocations each, {held} bytes held",
            last.count_total / CHUNK as u64
        );
        assert_eq!(
            (last.count_total, last.bytes_total),
            (first.count_total, first.bytes_total)
        );
        assert_eq!(held, 0);
    });
}

/// A text of an event that leaves a breadcrumb as large as one may be.
const LONG: &str = match str::from_utf8(&[b'x'; 1_000]) {
    Ok(text) => text,
    Err(_) => "",
};

/// How many allocations an error in words takes, and what is kept for the next ones.
const FOR_ITS_TEXT: u64 = 16;

/// Logs so many events outside of requests, each with as much as is kept of it.
fn leave_breadcrumbs(dispatch: &tracing::Dispatch, count: usize) {
    tracing::dispatcher::with_default(dispatch, || {
        for _ in 0..count {
            tracing::info!(a = LONG, b = LONG, c = LONG, d = LONG, "{LONG}");
        }
    });
}

/// A service that reports to a Sentry which never answers.
fn reporting_in_vain(options: ErrorOptions) -> (FaultCollector, Sonde, tracing::Dispatch) {
    let collector = FaultCollector::start(Mode::Hang);
    let dsn = format!("http://key@{}/1", collector.addr());
    let config = Config::new("checkout").sentry_dsn(dsn).errors(options);
    let mut parts = build(config.log_filter("off")).unwrap();
    let dispatch = ext::dispatch(&mut parts);
    (collector, parts.into_sonde(), dispatch)
}

/// Returns the value of a counter of reports.
fn reports(sonde: &Sonde, series: &str) -> u64 {
    let text = sonde.metrics().render();
    let series = format!("radiosonde_error_events_{series} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&series));
    line.unwrap().parse().unwrap()
}

#[test]
fn a_report_that_is_turned_away_costs_its_own_text_and_nothing_else() {
    let options = ErrorOptions::new().events_per_minute(1).breadcrumbs(100);
    let (_collector, sonde, dispatch) = reporting_in_vain(options);
    let error = std::io::Error::other("as expected");
    let report = || measure(|| sonde.report(&error)).count_total;
    leave_breadcrumbs(&dispatch, 100);
    let taken = report();
    assert!(taken > 500, "with its breadcrumbs it takes {taken}");
    // The error in words, and once the cells of a counter; nothing of what happened before.
    let turned_away: Vec<_> = (0..10).map(|_| report()).collect();
    assert!(
        turned_away.iter().all(|count| *count <= FOR_ITS_TEXT),
        "{turned_away:?}"
    );
    let limited = reports(&sonde, r#"suppressed_total{reason="limited"}"#);
    assert_eq!((reports(&sonde, "captured_total"), limited), (1, 10));
}

#[test]
fn reports_that_wait_take_two_megabytes_and_those_without_room_are_not_made() {
    const MOST: i64 = 2 * 1024 * 1024;
    let options = ErrorOptions::new().events_per_minute(1_000_000);
    let (_collector, sonde, dispatch) = reporting_in_vain(options.breadcrumbs(100));
    let error = std::io::Error::other("as expected");
    leave_breadcrumbs(&dispatch, 100);
    let mut bytes = 0;
    let mut captured = 0;
    // As far as there is room, which a hundred that are small would not fill.
    let dropped = loop {
        bytes += measure(|| sonde.report(&error)).bytes_current;
        captured += 1;
        let dropped = reports(&sonde, "dropped_total");
        if dropped == 2 {
            break dropped;
        }
        assert!(captured < 100, "{bytes} bytes wait");
    };
    assert_eq!(reports(&sonde, "captured_total"), captured);
    // The room is measured without looking at what the allocator adds.
    assert!(bytes > MOST / 2 && bytes < MOST * 11 / 10, "{bytes}");
    let turned_away = measure(|| sonde.report(&error)).count_total;
    assert!(turned_away <= FOR_ITS_TEXT, "{turned_away}");
    let waiting = captured - dropped - reports(&sonde, "failed_total");
    println!("{waiting} wait, of {bytes} bytes");

    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(sonde.shutdown(Duration::from_secs(1)));
    let ended = ended.error_reports;
    assert_eq!((ended.ended, ended.sent), (captured + 1, 0));
}

/// How many allocations an event takes that is logged with a text, a number and an error.
fn of_an_event(dispatch: &tracing::Dispatch) -> u64 {
    let error = std::io::Error::other("as expected");
    let error: &dyn std::error::Error = &error;
    let log = || tracing::info!(text = "a text", number = 7, error, "an event of {LONG}");
    tracing::dispatcher::with_default(dispatch, || measure(log)).count_total
}

#[test]
fn a_log_record_that_finds_no_room_is_not_made() {
    let hanging = FaultCollector::start(Mode::Hang);
    let quiet = || Config::new("checkout").log_limit(0);
    let mut without = build(quiet()).unwrap();
    let mut parts = build(quiet().otlp_endpoint(hanging.endpoint())).unwrap();
    let (without, dispatch) = (ext::dispatch(&mut without), ext::dispatch(&mut parts));
    let sonde = parts.into_sonde();
    let dropped = || {
        let text = sonde.metrics().render();
        let name = "radiosonde_log_records_dropped_total ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |number| number.parse::<u64>().unwrap())
    };
    let _ = (of_an_event(&without), of_an_event(&dispatch));
    let lines_alone = of_an_event(&without);
    let exported = of_an_event(&dispatch);
    assert!(
        exported > lines_alone + 5,
        "{exported} beside {lines_alone}"
    );
    for events in 0..50_000 {
        of_an_event(&dispatch);
        if events % 1_000 == 0 && dropped() > 1_000 {
            break;
        }
    }
    assert!(dropped() > 1_000, "{}", sonde.metrics().render());
    // A batch that is given up on makes room for some.
    let full: Vec<_> = (0..20).map(|_| of_an_event(&dispatch)).collect();
    assert_eq!(full.iter().min(), Some(&lines_alone), "{full:?}");
}

/// Every request is sampled, so that its span waits for a collector.
fn sampled(collector: &FaultCollector) -> Config {
    Config::new("checkout")
        .otlp_endpoint(collector.endpoint())
        .sampling(SamplingOptions::new().ratio(1.0))
        .log_filter("off")
}

#[test]
fn whatever_a_collector_does_a_request_does_not_allocate_for_it() {
    let fine = allocations(sampled(&FaultCollector::start(Mode::status(200))));
    assert!(fine > 0, "its span is made");
    for mode in [
        Mode::Refuse,
        Mode::BlackHole,
        Mode::Hang,
        Mode::Reset,
        Mode::drip(),
        Mode::status(503),
        Mode::throttle(429, 600),
    ] {
        let name = format!("{mode:?}");
        let with = allocations(sampled(&FaultCollector::start(mode)));
        // The queue takes its room in blocks of many spans, and a span in a full one is dropped on the spot.
        assert!(with <= fine + 1, "{with} where it is fine {fine}: {name}");
    }
}

/// Those that traces come by.
const HEADERS: [&str; 10] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
];

/// How often a request with these headers allocates, and how many bytes in all.
fn with_headers(app: &mut Router, headers: &[(http::HeaderName, http::HeaderValue)]) -> (u64, u64) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut request = Request::get("/orders/7").body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(name, value.clone());
    }
    let answer = app.call(request);
    let allocated = measure(|| drop(runtime.block_on(answer)));
    (allocated.count_total, allocated.bytes_total)
}

#[test]
fn no_header_of_a_trace_has_more_read_of_it_than_it_may_hold() {
    let collector = FaultCollector::start(Mode::Hang);
    let config = sampled(&collector).propagators([
        Propagator::TraceContext,
        Propagator::Baggage,
        Propagator::B3,
        Propagator::B3Multi,
        Propagator::Jaeger,
    ]);
    let sonde = build(config).unwrap().into_sonde();
    let mut app = Router::new()
        .route("/orders/{id}", get(async || "an order"))
        .layer(sonde.layer());
    for _ in 0..10 {
        with_headers(&mut app, &[]);
    }
    let (usual, usual_bytes) = with_headers(&mut app, &[]);
    let (mut most, mut most_bytes) = (0, 0);
    for request in hostile::requests() {
        let of = |name: &'static str| {
            let values = request.values(name);
            values.filter_map(move |value| Some((name.parse().ok()?, value.try_into().ok()?)))
        };
        let headers: Vec<_> = HEADERS.into_iter().flat_map(of).collect();
        let (count, bytes) = with_headers(&mut app, &headers);
        most = most.max(count.saturating_sub(usual));
        most_bytes = most_bytes.max(bytes.saturating_sub(usual_bytes));
        // Some members of a baggage and of a state, with a key and a value each, which the SDK copies for a span that is
        // sampled, and the text of a baggage; nothing that is in the headers as often as whoever writes them likes.
        assert!(count <= usual + 150, "{count} for {request:?}");
        assert!(bytes <= usual_bytes + 32 * 1_024, "{bytes} for {request:?}");
    }
    println!("at most {most} allocations, and {most_bytes} bytes");
}
