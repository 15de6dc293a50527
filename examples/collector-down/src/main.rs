//! A service whose collector misbehaves in every way: `cargo run --release -p collector-down`.
//!
//! It starts a collector that can be told how to fail, asks itself as fast as it can while that fails in one way after
//! the other, and shows how long its requests took. They do not notice. At the end it says what became of every span.
//! The number of seconds for each way may be given, by default 3.

#![expect(clippy::print_stdout, reason = "it shows something")]

mod load;

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args()
        .nth(1)
        .map_or(Ok(3.0), |text| text.parse())?;
    let each = Duration::try_from_secs_f64(seconds)?;
    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new(radiosonde::service!())
        .otlp_endpoint(collector.endpoint())
        .log_filter("off");
    let sonde = radiosonde::init(config)?;

    let app = Router::new()
        .route("/orders/{id}", get(order))
        .layer(sonde.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    println!(
        "{:<14} {:>10} {:>10} {:>10} {:>10}",
        "collector", "requests", "failed", "median", "99 %"
    );
    for (name, mode) in ways_to_fail() {
        collector.set(mode);
        let load = tokio::task::spawn_blocking(move || load::run(address, each)).await?;
        println!("{name:<14} {load}");
    }
    collector.set(Mode::status(200));
    let report = sonde.shutdown(Duration::from_secs(5)).await;
    let spans = report.spans;
    println!(
        "\nof {} spans {} were sent, {} failed and {} were dropped; the collector took {}",
        spans.ended,
        spans.sent,
        spans.failed,
        spans.dropped,
        collector.accepted("/v1/traces"),
    );
    Ok(())
}

/// The work of a request, with a span of its own.
async fn order() -> &'static str {
    tracing::info_span!("find order").in_scope(|| "shipped")
}

fn ways_to_fail() -> [(&'static str, Mode); 9] {
    [
        ("is fine", Mode::status(200)),
        ("is killed", Mode::Refuse),
        ("comes back", Mode::status(200)),
        ("hangs", Mode::Hang),
        ("drips", Mode::drip()),
        ("answers 503", Mode::status(503)),
        ("throttles", Mode::throttle(429, 1)),
        ("resets", Mode::Reset),
        ("is unreachable", Mode::BlackHole),
    ]
}
