//! What does a probe cost, and how long does one take of those that come all the time?
//!
//! The service has ten checks, which have passed: a probe reads what they said, and runs none.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt as _;
use http::{Request, Uri};
use http_body_util::BodyExt as _;
use radiosonde_axum::{Endpoints, ServiceInfo};
use radiosonde_benches::{Case, Group, Mode, Situation, Situations, Stopwatch};
use radiosonde_health::{Check, Health};
use radiosonde_metrics::Registry;
use tokio::runtime::Builder;
use tower::ServiceExt as _;

fn main() {
    let mode = Mode::from_args();
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime of one thread");
    let health = Health::new();
    for check in 0..10 {
        let check = Check::new(format!("check{check}"), async || Ok(()));
        // Nobody runs the runtime meanwhile: what a check said must not grow stale.
        let check = check.interval(Duration::from_hours(24));
        health
            .register(check.critical())
            .expect("a name of its own");
    }
    runtime.block_on(health.report());
    // Probes are answered inside the runtime, which does nothing else meanwhile.
    let _inside = runtime.enter();
    let service = ServiceInfo::new("checkout").version("1.4.2");
    let app = Endpoints::new(service, health, Registry::new()).router();
    let app = app.route(NOTHING, get(async || "nothing, in as many words\n"));
    // As a server does for each connection.
    let app: Router = app.with_state(());

    let work = |path: &'static str| {
        let app = &app;
        move |turns: u64| ask(app, path, turns)
    };
    let cases = [
        NOTHING,
        "/live",
        "/ready",
        "/ready?verbose",
        "/health/check7",
        "/health",
    ];
    let cases = cases.map(|path| Case::new(path, work(path)));
    Group::new("Probe, ten checks", cases)
        .over(NOTHING)
        .run(&mode);

    // The time of each, the slowest in a hundred too.
    let timed = |path: &'static str| {
        let app = &app;
        Situation::new(path, move |turns: u64, watch: &mut Stopwatch| {
            let (mut app, uri) = (app.clone(), Uri::from_static(path));
            for _ in 0..turns {
                watch.time(|| answer(&mut app, &uri));
            }
        })
    };
    let situations = [timed(NOTHING), timed("/ready"), timed("/health")];
    Situations::new("Probe, the time of each", situations).run(&mode);

    // The promise is a millisecond for the slowest in a hundred. They come when they come, and not when the one before was answered.
    let at_a_rate = |path: &'static str| {
        let app = &app;
        Situation::new(path, move |turns: u64, watch: &mut Stopwatch| {
            let (mut app, uri) = (app.clone(), Uri::from_static(path));
            let mut due = Instant::now();
            for _ in 0..turns {
                due += Duration::from_secs(1) / 10_000;
                watch.time_when_due(due, || answer(&mut app, &uri));
            }
        })
    };
    let situations = [
        at_a_rate(NOTHING),
        at_a_rate("/ready"),
        at_a_rate("/health"),
    ];
    Situations::new("Probe, ten thousand a second", situations).run(&mode);
}

fn ask(app: &Router, path: &'static str, turns: u64) {
    let (mut app, uri) = (app.clone(), Uri::from_static(path));
    for _ in 0..turns {
        answer(&mut app, &uri);
    }
}

/// Makes a request, has it answered, and reads its body to the end.
fn answer(app: &mut Router, uri: &Uri) {
    let request = Request::get(uri.clone()).body(Body::empty());
    let answered = app.oneshot(request.expect("a request")).now_or_never();
    let Some(Ok(response)) = answered else {
        panic!("a probe waited");
    };
    assert!(response.status().is_success());
    let body = response.into_body().collect().now_or_never();
    assert!(matches!(body, Some(Ok(_))));
}

const NOTHING: &str = "/nothing";
