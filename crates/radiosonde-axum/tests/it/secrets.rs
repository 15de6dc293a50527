//! What a stranger must not read.

use http::Method;
use radiosonde_health::{Check, CheckFailed};

use crate::client::Service;

const DSN: &str = "postgres://checkout:hunter2@db.internal:5432/orders";

#[tokio::test(start_paused = true)]
async fn no_part_of_an_error_reaches_an_endpoint() {
    let service = Service::new();
    let fail = async || Err(CheckFailed::new(format_args!("cannot reach {DSN}")));
    service.register(Check::new("database", fail).critical());
    service.register(Check::new("mirror", fail));
    let panics = async || -> Result<(), CheckFailed> { panic!("cannot reach {DSN}") };
    service.register(Check::new("panicking", panics));
    service.health.mark_unrecoverable(DSN);
    service.get("/health").await;
    assert!(
        service
            .health
            .check("database")
            .await
            .unwrap()
            .error()
            .is_some()
    );

    let checks = ["/health/mirror", "/health/panicking", "/health/other"];
    service.health.take_out_of_service(DSN);
    let paths = service.paths().into_iter();
    for path in paths.chain(checks.map(str::to_owned)) {
        for (query, accept) in [
            ("", "*/*"),
            ("", "text/plain"),
            ("", "application/health+json"),
            ("?verbose", "*/*"),
        ] {
            let answer = service
                .ask(Method::GET, &format!("{path}{query}"), accept)
                .await;
            let all = format!("{:?}{}", answer.headers, answer.body);
            for secret in [
                "postgres",
                "checkout:",
                "hunter2",
                "db.internal",
                "5432",
                "orders",
                "reach",
            ] {
                assert!(!all.contains(secret), "{path}: {all}");
            }
        }
    }
}
