//! The probes from the start to the end of a service.

use crate::client::{Service, failing};

#[tokio::test(start_paused = true)]
async fn a_service_that_starts_is_alive_and_not_ready() {
    let service = Service::new();
    let (migrations, cache) = (
        service.health.gate("migrations"),
        service.health.gate("cache"),
    );
    for path in ["/live", "/health/live"] {
        assert!(service.get(path).await.is(200, r#"{"status":"alive"}"#));
    }
    let startup = service.get("/health/startup").await;
    let expected = r#"{"status":"not started","reasons":["gate migrations","gate cache"]}"#;
    assert!(startup.is(503, expected), "{startup:?}");
    for path in ["/ready", "/health/ready"] {
        let ready = service.get(path).await;
        assert!(
            ready.is(503, r#"{"status":"not ready","reasons":["starting"]}"#),
            "{ready:?}"
        );
    }

    migrations.open();
    cache.open();
    assert!(
        service
            .get("/health/startup")
            .await
            .is(200, r#"{"status":"started"}"#)
    );
    for path in ["/ready", "/health/ready"] {
        assert!(service.get(path).await.is(200, r#"{"status":"ready"}"#));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_drains_is_alive_and_healthy_and_not_ready() {
    let service = Service::degraded();
    assert_eq!(service.get("/ready").await.status, 200);
    service.health.start_draining();
    let ready = service.get("/ready").await;
    assert!(
        ready.is(503, r#"{"status":"not ready","reasons":["draining"]}"#),
        "{ready:?}"
    );
    assert_eq!(service.get("/live").await.status, 200);
    assert_eq!(service.get("/health").await.status, 200);
    assert_eq!(service.get("/health/startup").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn all_reasons_are_given_at_once() {
    let service = Service::new();
    service.register(failing("database").critical());
    service.get("/health").await;
    let _closed = service.health.gate("migrations");
    service.health.start_draining();
    let ready = service.get("/ready").await;
    let expected = r#"{"status":"not ready","reasons":["starting","draining","check database"]}"#;
    assert!(ready.is(503, expected), "{ready:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unrecoverable_process_fails_all_probes_but_startup() {
    let service = Service::new();
    service.health.mark_unrecoverable("the writer thread died");
    let live = service.get("/live").await;
    let expected = r#"{"status":"not alive","reasons":["unrecoverable"]}"#;
    assert!(live.is(503, expected), "{live:?}");
    assert_eq!(service.get("/ready").await.status, 503);
    assert_eq!(service.get("/health").await.status, 503);
    assert_eq!(service.get("/health/startup").await.status, 200);
}
