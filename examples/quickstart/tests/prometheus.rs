//! A real Prometheus scrapes the quickstart.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![allow(clippy::float_cmp, reason = "what is compared are counts")]

use std::process::Command;
use std::time::Duration;

use radiosonde_stack::ScrapeConfig;
use radiosonde_testkit::prometheus::{Prometheus, promtool_check_config, promtool_check_metrics};
use radiosonde_testkit::{eventually, service::Service};

fn quickstart() -> Service {
    Service::start(&Command::new(env!("CARGO_BIN_EXE_quickstart")))
}

#[test]
fn prometheus_scrapes_what_the_service_measured() {
    let service = quickstart();
    for _ in 0..3 {
        assert_eq!(service.get("/hello/you").unwrap().status, 200);
    }
    assert_eq!(service.get("/fail").unwrap().status, 500);

    let config = ScrapeConfig::new("quickstart", [service.addr().to_string()]).unwrap();
    let config = config.interval(Duration::from_millis(200)).to_string();
    promtool_check_config(&config).unwrap();
    let prometheus = Prometheus::start(&config);
    let value =
        |query: &str| eventually(query, Duration::from_secs(30), || prometheus.value(query));

    assert_eq!(value(r#"up{job="quickstart"}"#), 1.0);
    assert_eq!(
        value(r#"http_requests_total{route="/hello/{name}",status="200",outcome="ok"}"#),
        3.0
    );
    assert_eq!(
        value(r#"http_errors_total{route="/fail",error_type="500"}"#),
        1.0
    );
    assert_eq!(
        value(r#"http_request_duration_seconds_count{route="/hello/{name}"}"#),
        3.0
    );
    assert_eq!(value("http_active_connections"), 0.0);
    let median = value(
        r#"histogram_quantile(0.5, http_request_duration_seconds_bucket{route="/hello/{name}"})"#,
    );
    assert!((0.0..1.0).contains(&median), "{median}");
}

#[test]
fn promtool_finds_nothing_wrong_with_the_text() {
    let service = quickstart();
    for path in ["/hello/you", "/fail", "/panic", "/nowhere"] {
        // A handler that panics answers nothing.
        let _ = service.get(path);
    }
    let text = service.get("/metrics").unwrap().text();
    promtool_check_metrics(&text).unwrap_or_else(|complaint| panic!("{complaint}\n{text}"));
}
