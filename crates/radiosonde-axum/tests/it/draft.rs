//! `application/health+json`.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Service};

async fn ask(service: &Service, path: &str) -> (Answer, Value) {
    let answer = service
        .ask(Method::GET, path, "application/health+json")
        .await;
    assert_eq!(answer.header("content-type"), "application/health+json");
    let mut body: Value = serde_json::from_str(&answer.body).unwrap();
    if let Some(checks) = body.get_mut("checks").and_then(Value::as_object_mut) {
        for check in checks.values_mut() {
            let time = check[0]["time"].take();
            assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        }
    }
    (answer, body)
}

#[tokio::test(start_paused = true)]
async fn a_degraded_service_warns_and_serves() {
    let (answer, body) = ask(&Service::degraded(), "/health").await;
    assert_eq!(answer.status, 200);
    let expected = json!({
        "status": "warn", "releaseId": "1.4.2", "serviceId": "checkout",
        "checks": {
            "database:responseTime": [
                { "status": "pass", "observedValue": 0.0, "observedUnit": "ms", "time": null }
            ],
            "redis:responseTime": [
                { "status": "warn", "observedValue": 0.0, "observedUnit": "ms", "time": null, "output": "failing" }
            ],
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test(start_paused = true)]
async fn probes_and_single_checks_pass_or_fail() {
    let service = Service::degraded();
    service.get("/health").await;
    for path in ["/live", "/ready", "/health/startup"] {
        assert_eq!(ask(&service, path).await.1, json!({ "status": "pass" }));
    }
    let (answer, body) = ask(&service, "/health/redis").await;
    assert_eq!(
        (answer.status.as_u16(), &body["status"]),
        (503, &json!("warn"))
    );

    let _closed = service.health.gate("migrations");
    service.health.start_draining();
    let (answer, body) = ask(&service, "/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        body,
        json!({ "status": "fail", "output": "starting; draining" })
    );
    let (answer, body) = ask(&service, "/health/other").await;
    assert_eq!(answer.status, 404);
    assert_eq!(body, json!({ "status": "fail", "output": "unknown check" }));
}
