//! The shop with a real PostgreSQL and a real Redis, which fail under its feet.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::backend::{Backend, Kind};
use radiosonde_testkit::eventually;
use radiosonde_testkit::http::{self, Response};
use radiosonde_testkit::service::Service;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_mins(1);

fn started(database: &Backend, cache: &Backend) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .env("DATABASE_URL", database.url())
        .env("REDIS_URL", cache.url());
    let service = Service::start(&command);
    becomes(&service, "/ready", 200, "[+]cache ok");
    service
}

/// Waits until a probe answers with this status, and a line of its text is this one.
fn becomes(service: &Service, path: &str, status: u16, line: &str) {
    eventually(&format!("{path}: {status}, {line}"), MINUTE, || {
        let answer = service.get(&format!("{path}?verbose")).ok()?;
        (answer.status == status && answer.text().lines().any(|said| said == line)).then_some(())
    });
}

fn order(service: &Service) -> Response {
    let json = [("content-type", "application/json")];
    let order = br#"{"item":"balloon","quantity":2}"#;
    http::post(service.addr(), "/orders", &json, order).unwrap()
}

fn id(placed: &Response) -> String {
    let placed: Value = serde_json::from_str(&placed.text()).unwrap();
    placed["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_shop_lives_through_the_troubles_of_its_servers() {
    let database = Backend::start(Kind::Postgres);
    let mut cache = Backend::start(Kind::Redis);
    let mut service = started(&database, &cache);
    let placed = order(&service);
    assert_eq!(placed.status, 201, "{placed:?}");

    // Without its cache it is slower, and serves.
    cache.kill();
    assert_eq!(order(&service).status, 201);

    // Without its database it takes no requests, and is not restarted for it.
    database.stop();
    becomes(&service, "/ready", 503, "[-]database failing");
    becomes(&service, "/ready", 503, "[-]cache failing");
    assert_eq!(service.get("/live").unwrap().status, 200);

    cache.revive();
    database.resume();
    becomes(&service, "/ready", 200, "[+]database ok");
    becomes(&service, "/health", 200, "[+]cache ok");

    service.terminate();
    assert!(service.wait(MINUTE).success());

    // What was ordered is there for the next one.
    let service = started(&database, &cache);
    let found = service.get(&format!("/orders/{}", id(&placed))).unwrap();
    let found: Value = serde_json::from_str(&found.text()).unwrap();
    assert_eq!(found, json!({ "item": "balloon", "quantity": 2 }));
}
