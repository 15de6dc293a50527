//! One service, instrumented end to end: `cargo run -p quickstart`.
//!
//! It listens on `ADDR`, by default `127.0.0.1:8080`, and works with nothing else installed. Give it
//! `OTEL_EXPORTER_OTLP_ENDPOINT` or `SENTRY_DSN` and it sends traces and error reports, with the same code.
//!
//! The monitoring that watches over what it promises is in `ops/`, written by
//! `radiosonde stack --from target/debug/quickstart --out examples/quickstart/ops`; with `up` the same command tries it out.

mod routes;
mod welcome;

use std::error::Error;

use radiosonde::Config;
use radiosonde::slo::Objective;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new(radiosonde::service!())
        // Of all requests, 99 % are answered; `/fail` and `/panic` spend the rest.
        .objective(Objective::availability("answered", 99.0));
    let sonde = radiosonde::init(config)?;

    let app = routes::router().merge(sonde.router()).layer(sonde.layer());

    let address = std::env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let server = sonde.bind(address).await?;
    welcome::print(server.local_addr());
    server.serve(app).await;
    Ok(())
}
