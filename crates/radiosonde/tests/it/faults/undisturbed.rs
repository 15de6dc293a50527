//! How long requests take while their collector fails in one way after the other, beside those of a service whose collector is
//! fine, in turns, over each protocol; and those of one that exports nothing.
//!
//! That requests are answered, and by whom, is asserted. How long that takes is printed: machines that are busy would say anything.
//! For the figures in `docs/reliability.md`:
//!
//! ```sh
//! RADIOSONDE_TEST_FULL_SIZE=1 cargo test -p radiosonde --all-features --release --test it undisturbed -- --nocapture
//! ```

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use radiosonde::{Config, Sonde, build};
#[cfg(feature = "otlp-grpc")]
use radiosonde_testkit::fault::grpc;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::{eventually, size};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use super::protocol::{PROTOCOL, Protocol};
use crate::child::{self, printed};

/// How often both services are asked, on every merge and at full size.
fn rounds() -> usize {
    size(8, 2_000)
}

/// A service, and how long its requests took: in process, and over a socket.
struct Side {
    app: Router,
    sonde: Sonde,
    connection: TcpStream,
    took: [Vec<Duration>; 2],
}

impl Side {
    fn new(runtime: &Runtime, config: Config) -> Self {
        let sonde = runtime.block_on(async { build(config).unwrap().into_sonde() });
        let app = Router::new()
            .route("/orders/{id}", get(async || "an order"))
            .layer(sonde.layer());
        let served = app.clone();
        let connection = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(axum::serve(listener, served).into_future());
            TcpStream::connect(address).await.unwrap()
        });
        connection.set_nodelay(true).unwrap();
        Self {
            app,
            sonde,
            connection,
            took: [Vec::new(), Vec::new()],
        }
    }

    async fn ask(&mut self, times: usize) {
        for _ in 0..times {
            let request = Request::get("/orders/7").body(Body::empty()).unwrap();
            let began = Instant::now();
            let response = self.app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            drop(response);
            self.took[0].push(began.elapsed());
        }
    }

    /// Client and service take turns on the thread of the test.
    async fn ask_over_the_socket(&mut self, times: usize) {
        for _ in 0..times {
            let began = Instant::now();
            let request = b"GET /orders/7 HTTP/1.1\r\nhost: shop\r\n\r\n";
            self.connection.write_all(request).await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"an order") {
                let read = self.connection.read_buf(&mut answer).await.unwrap();
                assert_ne!(read, 0, "the service hung up");
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
            self.took[1].push(began.elapsed());
        }
    }

    /// Returns the median, and what the slowest hundredth took at least: in process, and over a socket.
    fn percentiles(self) -> [[Duration; 2]; 2] {
        let percentiles = self.took.map(|mut took| {
            took.sort_unstable();
            [50, 99].map(|percent| took[took.len() * percent / 100])
        });
        // What waits is given up.
        std::thread::spawn(move || drop(self.sonde));
        percentiles
    }
}

/// Asks two services in turns, and returns how long their requests took. Something happens before each round.
fn compared([one, other]: [Config; 2], happens: impl Fn(usize)) -> String {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut sides = [one, other].map(|config| Side::new(&runtime, config));
    for round in 0..rounds() {
        happens(round);
        for turn in [round, round + 1] {
            let side = &mut sides[turn % 2];
            runtime.block_on(side.ask(50));
            runtime.block_on(side.ask_over_the_socket(50));
        }
    }
    let [of, than] = sides.map(Side::percentiles);
    let said = |which: usize| {
        let [[median, slow], [than_median, than_slow]] = [of[which], than[which]];
        format!(
            "median {median:?} beside {than_median:?}, slowest hundredth {slow:?} beside {than_slow:?}"
        )
    };
    format!("in process, {}; over a socket, {}", said(0), said(1))
}

fn exporting(collector: &FaultCollector) -> Config {
    Config::new("checkout").otlp_endpoint(collector.endpoint())
}

/// Every way to misbehave for as long as a service runs.
fn modes(protocol: Protocol) -> Vec<(&'static str, Mode)> {
    let drips = match protocol {
        Protocol::Http => Mode::drip(),
        #[cfg(feature = "otlp-grpc")]
        Protocol::Grpc => grpc::drip(),
    };
    vec![
        ("refuses", Mode::Refuse),
        ("swallows what comes", Mode::BlackHole),
        ("hangs", Mode::Hang),
        ("resets", Mode::Reset),
        ("drips", drips),
        ("is unavailable", protocol.is_unavailable()),
        ("asks for a pause", protocol.throttles(600)),
    ]
}

#[test]
fn requests_are_answered_whatever_the_collector_does() {
    let name = "faults::undisturbed::requests_are_answered_whatever_the_collector_does";
    if !child::is_child() {
        // One after the other: they would disturb each other.
        for protocol in Protocol::ALL {
            let output = child::run(name, &[(PROTOCOL, protocol.name())]);
            println!("over {}:\n{}", protocol.name(), printed(&output));
        }
        return;
    }
    let protocol = Protocol::of_child();
    let fine = FaultCollector::start(protocol.takes());
    let none = Config::new("checkout");
    let figures = compared([exporting(&fine), none], |_| ());
    println!("a collector that is fine, beside none: {figures}");
    // Otherwise nothing is exported, and nothing can disturb.
    let met = || (!fine.requests().is_empty()).then_some(());
    eventually("the collector is met", Duration::from_mins(1), met);
    for (name, mode) in modes(protocol) {
        let failing = FaultCollector::start(mode);
        let figures = compared([exporting(&failing), exporting(&fine)], |_| ());
        println!("one that {name}, beside one that is fine: {figures}");
    }
    let mortal = FaultCollector::start(protocol.takes());
    let dies_or_comes_back = |round: usize| {
        let each = rounds() / 4;
        if round.is_multiple_of(each) {
            let is_dead = (round / each).is_multiple_of(2);
            mortal.set(if is_dead {
                Mode::Refuse
            } else {
                protocol.takes()
            });
        }
    };
    let figures = compared([exporting(&mortal), exporting(&fine)], dies_or_comes_back);
    println!("one that is killed and comes back, beside one that is fine: {figures}");
}
