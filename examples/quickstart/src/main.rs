//! One service, instrumented end to end: `cargo run -p quickstart`.
//!
//! It listens on `ADDR`, by default `127.0.0.1:8080`, and works with nothing else installed. Give it
//! `OTEL_EXPORTER_OTLP_ENDPOINT` or `SENTRY_DSN` and it sends traces and error reports, with the same code.
//!
//! It promises that 99 % of its requests are answered. The monitoring that watches over that is in `ops/`, written by
//! `radiosonde stack --from target/debug/quickstart --out examples/quickstart/ops`; the same command with `up` tries it out.

mod routes;
mod welcome;

use std::error::Error;

use radiosonde::Config;
use radiosonde::slo::Objective;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config =
        Config::from(radiosonde::service!()).objective(Objective::availability("api", 99.0));
    let sonde = radiosonde::init(config)?;

    let app = routes::router().merge(sonde.router()).layer(sonde.layer());

    let address = std::env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let server = sonde.bind(address).await?;
    welcome::print(server.local_addr());
    server.serve(app).await;
    Ok(())
}
