//! What is for administrators, on a listener of their own.

use std::time::Duration;

use radiosonde_testkit::service::Service;
use radiosonde_testkit::{eventually, http};

use crate::shop;

const TOKEN: (&str, &str) = ("authorization", "Bearer mgKqCnD1cVVSBWzJ");

#[test]
fn administrators_have_a_listener_of_their_own_and_a_token() {
    let mut command = shop();
    command.env("RADIOSONDE_ADMIN_ADDR", "0");
    command.env("RADIOSONDE_ADMIN_TOKEN", "mgKqCnD1cVVSBWzJ");
    // Nobody answers there, and why is for administrators.
    command.env("STOCK_URL", "http://127.0.0.1:1");
    let mut service = Service::start(&command);
    let minute = Duration::from_mins(1);
    let admin = service.admin_addr();
    let ask =
        |address, path: &str, headers: &[(&str, &str)]| http::get(address, path, headers).unwrap();
    assert_eq!(service.get("/metrics").unwrap().status, 404);
    assert_eq!(ask(admin, "/metrics", &[]).status, 401);
    let metrics = ask(admin, "/metrics", &[TOKEN]);
    assert!(
        metrics
            .text()
            .contains("health_check_status{check=\"stock\"}")
    );
    assert!(
        ask(admin, "/admin", &[TOKEN])
            .text()
            .contains("/admin/out-of-service")
    );

    let stock = eventually("the check of the stock service", minute, || {
        let answer = ask(admin, "/health/stock", &[TOKEN]);
        (answer.status == 503 && answer.text().contains("error")).then(|| answer.text())
    });
    assert!(stock.contains("127.0.0.1"), "{stock}");
    let public = service.get("/health/stock").unwrap().text();
    assert!(
        !public.contains("error") && !public.contains("127.0.0.1"),
        "{public}"
    );
    assert!(!service.stdout().contains("mgKqCnD1cVVSBWzJ"));

    service.terminate();
    assert!(service.wait(minute).success());
}
