//! How long requests take while their collector fails in one way after the other, beside those of a service whose collector is
//! fine, in turns; and those of one that exports nothing.
//!
//! That requests are answered, and by whom, is asserted. How long that takes is printed: machines that are busy would say anything.
//! For the figures in `docs/reliability.md`:
//!
//! ```sh
//! RADIOSONDE_TEST_FULL_SIZE=1 cargo test -p radiosonde --all-features --test it undisturbed -- --nocapture
//! ```

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::{eventually, size};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// A service, and how long its requests took.
struct Side {
    app: Router,
    sonde: Sonde,
    took: Vec<Duration>,
}

impl Side {
    fn new(runtime: &Runtime, config: Config) -> Self {
        let sonde = runtime.block_on(async { build(config).unwrap().into_sonde() });
        let app = Router::new()
            .route("/orders/{id}", get(async || "an order"))
            .layer(sonde.layer());
        Self {
            app,
            sonde,
            took: Vec::new(),
        }
    }

    async fn ask(&mut self, times: usize) {
        for _ in 0..times {
            let request = Request::get("/orders/7").body(Body::empty()).unwrap();
            let began = Instant::now();
            let response = self.app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            drop(response);
            self.took.push(began.elapsed());
        }
    }

    /// Returns the median, and what the slowest hundredth took at least.
    fn percentiles(mut self) -> [Duration; 2] {
        self.took.sort_unstable();
        let at = |percent| self.took[self.took.len() * percent / 100];
        let percentiles = [at(50), at(99)];
        // What waits is given up.
        std::thread::spawn(move || drop(self.sonde));
        percentiles
    }
}

/// Asks two services in turns, and returns how long their requests took.
fn compared([one, other]: [Config; 2]) -> String {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut sides = [one, other].map(|config| Side::new(&runtime, config));
    for round in 0..size(20, 2_000) {
        for turn in [round, round + 1] {
            runtime.block_on(sides[turn % 2].ask(50));
        }
    }
    let [of, than] = sides.map(Side::percentiles);
    format!(
        "median {:?} beside {:?}, slowest hundredth {:?} beside {:?}",
        of[0], than[0], of[1], than[1]
    )
}

fn exporting(collector: &FaultCollector) -> Config {
    Config::new("checkout").otlp_endpoint(collector.endpoint())
}

#[test]
fn requests_are_answered_whatever_the_collector_does() {
    let fine = FaultCollector::start(Mode::status(200));
    let none = Config::new("checkout");
    let figures = compared([exporting(&fine), none]);
    println!("a collector that is fine, beside none: {figures}");
    // Otherwise nothing is exported, and nothing can disturb.
    let met = || (!fine.requests().is_empty()).then_some(());
    eventually("the collector is met", Duration::from_mins(1), met);
    for (name, mode) in [
        ("refuses", Mode::Refuse),
        ("swallows what comes", Mode::BlackHole),
        ("hangs", Mode::Hang),
        ("resets", Mode::Reset),
        ("drips", Mode::drip()),
        ("answers 503", Mode::status(503)),
        ("asks for a pause", Mode::throttle(429, 600)),
    ] {
        let failing = FaultCollector::start(mode);
        let figures = compared([exporting(&failing), exporting(&fine)]);
        println!("one that {name}, beside one that is fine: {figures}");
    }
}
