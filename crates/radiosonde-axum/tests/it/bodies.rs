//! The JSON of every probe, field by field.

use std::time::Duration;

use radiosonde_health::Check;
use tokio::time::{advance, sleep};

use crate::client::{Service, failing, passing};

/// Replaces the numbers that no test can know.
fn masked(body: &str) -> String {
    let mut body = body.to_owned();
    for field in ["\"timestamp\":", "\"rss\":"] {
        if let Some(start) = body.find(field) {
            let start = start + field.len();
            let digits = body[start..].bytes().take_while(u8::is_ascii_digit).count();
            body.replace_range(start..start + digits, "0");
        }
    }
    body
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn health_says_what_the_service_is_and_how_each_check_does() {
    let service = Service::new();
    let slow = Check::new("database", async || {
        sleep(Duration::from_millis(3)).await;
        Ok(())
    });
    service.register(slow.critical());
    service.register(failing("redis"));
    service.get("/health").await;
    advance(Duration::from_millis(1_197)).await;

    let answer = service.get("/health").await;
    let expected = concat!(
        r#"{"status":"degraded","service":"checkout","version":"1.4.2","environment":"production","#,
        r#""uptime":1.2,"timestamp":0,"memory":{"rss":0},"#,
        r#""services":{"database":"healthy","redis":"degraded"},"#,
        r#""checks":{"database":{"status":"healthy","severity":"critical","#,
        r#""age_seconds":1.197,"duration_seconds":0.003},"#,
        r#""redis":{"status":"degraded","severity":"optional","#,
        r#""age_seconds":1.2,"duration_seconds":0.0,"reason":"failing"}}}"#,
    );
    assert_eq!(masked(&answer.body), expected);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test(start_paused = true)]
async fn what_health_does_not_know_it_leaves_out() {
    let health = radiosonde_health::Health::new();
    let info = radiosonde_axum::ServiceInfo::new("checkout");
    let registry = radiosonde_metrics::Registry::new();
    let app = radiosonde_axum::Endpoints::new(info, health, registry).router();
    let service = Service {
        app,
        ..Service::new()
    };
    let body: serde_json::Value = serde_json::from_str(&service.get("/health").await.body).unwrap();
    assert_eq!(body["status"], "healthy");
    assert!(
        body.get("version").is_none() && body.get("environment").is_none(),
        "{body}"
    );
    assert_eq!(
        (&body["services"], &body["checks"]),
        (&serde_json::json!({}), &serde_json::json!({}))
    );
}

#[tokio::test(start_paused = true)]
async fn a_critical_check_that_fails_makes_the_service_unhealthy_and_unready() {
    let service = Service::new();
    service.register(failing("database").critical());
    service.register(passing("redis"));
    let health = service.get("/health").await;
    assert_eq!(health.status, 503);
    assert!(
        health.body.starts_with(r#"{"status":"unhealthy","#),
        "{}",
        health.body
    );
    let ready = service.get("/ready").await;
    let expected = r#"{"status":"not ready","reasons":["check database"]}"#;
    assert!(ready.is(503, expected), "{ready:?}");
}

#[tokio::test(start_paused = true)]
async fn one_check_is_green_or_red_whatever_the_service_makes_of_it() {
    let service = Service::degraded();
    let passes = service.get("/health/database").await;
    let expected =
        r#"{"status":"healthy","severity":"critical","age_seconds":0.0,"duration_seconds":0.0}"#;
    assert!(passes.is(200, expected), "{passes:?}");
    let fails = service.get("/health/redis").await;
    assert_eq!(fails.status, 503);
    assert!(
        fails
            .body
            .starts_with(r#"{"status":"degraded","severity":"optional","#),
        "{fails:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_check_is_not_found_and_not_repeated() {
    let service = Service::degraded();
    for path in ["/health/other", "/health/DATABASE", "/health/%3Cscript%3E"] {
        let answer = service.get(path).await;
        assert!(
            answer.is(404, r#"{"status":"unknown check"}"#),
            "{answer:?}"
        );
    }
}
