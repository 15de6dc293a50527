//! How the quickstart starts, or says why it does not.

use std::net::TcpListener;
use std::time::Duration;

use radiosonde_testkit::service::Service;

use crate::quickstart;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_port_that_is_taken_is_named_and_the_exit_code_is_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut service = Service::spawn(quickstart().env("ADDR", &address));
    assert_eq!(service.wait(SOON).code(), Some(1));
    let said = service.stderr();
    assert!(
        said.contains(&format!("Error: cannot listen on {address}: ")),
        "{said}"
    );
    assert!(said.contains("choose another port"), "{said}");
}

#[test]
fn wrong_settings_are_all_named_and_no_secret_with_them() {
    let mut command = quickstart();
    command
        .env("SENTRY_DSN", "https://s3cret@/")
        .env("RADIOSONDE_DRAIN_DELAY", "soon")
        .env("LOG_FORMAT", "xml");
    let mut service = Service::spawn(&command);
    assert_eq!(service.wait(SOON).code(), Some(1));
    let said = service.stdout() + &service.stderr();
    for part in [
        "3 settings are wrong",
        "SENTRY_DSN is malformed",
        "RADIOSONDE_DRAIN_DELAY is `soon`",
        "LOG_FORMAT is `xml`",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn it_prints_what_to_open_and_what_is_on() {
    let service = Service::start(quickstart().env("LOG_FORMAT", "text"));
    let address = service.addr();
    let said = service.stdout();
    for path in [
        "/hello/you",
        "/slow",
        "/stream",
        "/fail",
        "/panic",
        "/metrics",
        "/health",
        "/slo",
        "/ready",
        "/live",
    ] {
        assert!(
            said.contains(&format!("http://{address}{path}")),
            "{path} is not in {said}"
        );
    }
    assert!(
        said.contains(
            "telemetry is on service=quickstart version=0.1.0 environment=\"\" traces=off metrics=scraped logs=written error_reports=off"
        ),
        "{said}"
    );
}
