//! Orders, and what the checks say of what they need.

use std::time::Duration;

use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::http;
use radiosonde_testkit::service::Service;
use serde_json::{Value, json};

use crate::shop;

const MINUTE: Duration = Duration::from_mins(1);

fn started(mut command: std::process::Command) -> Service {
    let service = Service::start(command.env("NO_COLOR", "1"));
    eventually("readiness", MINUTE, || {
        let ready = service.get("/ready").ok()?;
        (ready.status == 200).then_some(())
    });
    service
}

fn order(service: &Service, order: &str) -> http::Response {
    let json = [("content-type", "application/json")];
    http::post(service.addr(), "/orders", &json, order.as_bytes()).unwrap()
}

#[test]
fn an_order_is_placed_and_found() {
    let service = started(shop());
    let placed = order(&service, r#"{"item":"balloon","quantity":2}"#);
    assert_eq!(placed.status, 201, "{placed:?}");
    let placed: Value = serde_json::from_str(&placed.text()).unwrap();
    let path = format!("/orders/{}", placed["id"].as_str().unwrap());
    let found: Value = serde_json::from_str(&service.get(&path).unwrap().text()).unwrap();
    assert_eq!(found, json!({ "item": "balloon", "quantity": 2 }));
    assert_eq!(service.get("/orders/1").unwrap().status, 404);
    assert_eq!(
        order(&service, r#"{"item":"balloon","quantity":1000}"#).status,
        409
    );

    let text = service.get("/ready?verbose").unwrap().text();
    assert_eq!(
        text,
        "[+]database ok\n[+]cache ok\n[+]stock ok\nready check passed\n"
    );
    let metrics = service.get("/metrics").unwrap().text();
    for line in [
        r#"health_check_status{check="database"} 1"#,
        r#"connection_pool_connections_max{pool="orders"} 1"#,
        // The second order was answered from the cache.
        r#"http_client_requests_total{method="GET",outcome="ok",server="127.0.0.1",status="200"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn without_its_database_it_is_alive_and_takes_no_requests() {
    let absent = FaultCollector::start(Mode::Refuse);
    let mut command = shop();
    let url = format!("postgres://checkout:hunter2@{}/checkout", absent.addr());
    let service = Service::start(command.env("DATABASE_URL", url));
    let said = eventually("the check of the database", MINUTE, || {
        let ready = service.get("/ready?verbose").ok()?;
        let text = ready.text();
        (ready.status == 503 && text.contains("[-]database failing")).then_some(text)
    });
    assert!(said.contains("[-]starting\n"), "{said}");
    assert_eq!(service.get("/live").unwrap().status, 200);
    let startup = service.get("/health/startup").unwrap();
    assert!(startup.status == 503 && startup.text().contains("gate migrations"));
    assert!(
        !service.stdout().contains("hunter2"),
        "{}",
        service.stdout()
    );
}

#[test]
fn without_its_stock_service_it_is_degraded_and_serves() {
    let absent = FaultCollector::start(Mode::Refuse);
    let mut command = shop();
    let service = started({
        command.env("STOCK_URL", absent.endpoint());
        command
    });
    let health = eventually("the check of the stock service", MINUTE, || {
        let health = service.get("/health").ok()?;
        let body: Value = serde_json::from_str(&health.text()).ok()?;
        (body["services"]["stock"] == "degraded").then_some((health.status, body))
    });
    assert_eq!((health.0, &health.1["status"]), (200, &json!("degraded")));
    assert_eq!(
        order(&service, r#"{"item":"balloon","quantity":2}"#).status,
        500
    );
    assert_eq!(service.get("/orders/1").unwrap().status, 404);
}
