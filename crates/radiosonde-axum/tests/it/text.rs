//! The answers for people.

use http::Method;

use crate::client::{Answer, Service};

async fn text(service: &Service, path: &str) -> Answer {
    service.ask(Method::GET, path, "text/plain").await
}

#[tokio::test(start_paused = true)]
async fn a_line_for_each_check_and_one_for_what_they_come_to() {
    let service = Service::degraded();
    for (path, status, expected) in [
        (
            "/health",
            200,
            "[+]database ok\n[-]redis failing\nhealth check passed\n",
        ),
        (
            "/ready",
            200,
            "[+]database ok\n[-]redis failing\nready check passed\n",
        ),
        ("/live", 200, "live check passed\n"),
        ("/health/startup", 200, "startup check passed\n"),
        (
            "/health/database",
            200,
            "[+]database ok\ndatabase check passed\n",
        ),
        (
            "/health/redis",
            503,
            "[-]redis failing\nredis check failed\n",
        ),
        ("/health/other", 404, "unknown check\n"),
    ] {
        let answer = text(&service, path).await;
        assert!(answer.is(status, expected), "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_check_has_a_line_too() {
    let service = Service::degraded();
    service.get("/health").await;
    let _closed = service.health.gate("migrations");
    service.health.start_draining();
    service.health.mark_unrecoverable("the writer thread died");
    for (path, expected) in [
        (
            "/ready",
            "[+]database ok\n[-]redis failing\n[-]starting\n[-]draining\n[-]unrecoverable\nready check failed\n",
        ),
        ("/live", "[-]unrecoverable\nlive check failed\n"),
        (
            "/health/startup",
            "[-]gate migrations\nstartup check failed\n",
        ),
        (
            "/health",
            "[+]database ok\n[-]redis failing\nhealth check failed\n",
        ),
    ] {
        let answer = text(&service, path).await;
        assert!(answer.is(503, expected), "{path}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn verbose_asks_for_the_same() {
    let service = Service::degraded();
    for path in ["/ready", "/health", "/live", "/health/redis"] {
        let verbose = service.get(&format!("{path}?verbose")).await;
        assert_eq!(verbose.body, text(&service, path).await.body);
    }
}
