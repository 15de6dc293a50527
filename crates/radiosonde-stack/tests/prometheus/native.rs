//! Histograms whose buckets follow their values, of a running service, in a Prometheus that keeps them: the rules find them.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use radiosonde::Config;
use radiosonde::metrics::{Bounds, Registry, RegistryOptions};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_stack::{Options, Service, ServiceCatalogue, Stack, Target};
use radiosonde_testkit::prometheus::{Prometheus, scrape_config};
use radiosonde_testkit::{eventually, http};

use crate::by_group;

#[test]
fn rules_about_native_histograms_find_those_of_a_running_service() {
    let (addr, registry) = start();
    let catalogue = ServiceCatalogue::from_json(&registry.catalogue().json()).unwrap();
    let mut options = Options::default();
    options.evaluation_interval = Duration::from_secs(1);
    // Its rules are those of version 2 with the feature switched on; only the configuration is another.
    options.target = Target::Prometheus3;
    let thresholds = &mut options.thresholds;
    thresholds.set("latency_p95_seconds", 1e-9).unwrap();
    thresholds.set_hold("HighLatency", Duration::ZERO).unwrap();
    // Calls of gRPC have bounds here, which could not decide that.
    options.unwanted.insert("HighGrpcLatency".to_owned());
    let stack = Stack::new([Service::new("checkout", catalogue)], options);
    let directory = tempfile::tempdir().unwrap();
    stack
        .unwrap()
        .render()
        .write(directory.path(), false)
        .unwrap();
    let rules = directory.path().join("prometheus/rules/checkout/*.yml");
    let config = scrape_config("checkout", addr);
    let config = config.replacen("global:\n", "global:\n  evaluation_interval: 1s\n", 1);
    let config = format!("{config}rule_files:\n  - '{}'\n", rules.display());
    let prometheus = Prometheus::with_features(&config, &["native-histograms"]);
    let value = |query: &str| {
        eventually(query, Duration::from_mins(2), || {
            assert_eq!(http::get(addr, "/work", &[]).unwrap().status, 200);
            prometheus.value(query)
        })
    };

    let durations = HTTP_REQUEST_DURATION.name();
    let of_route = r#"{job="checkout",route="/work"}"#;
    assert!(value(&format!("histogram_count({durations}{of_route})")) > 0.0);
    for percentile in ["p50", "p95", "p99", "p999"] {
        let of_route = value(&format!("job_route:{durations}:{percentile}{of_route}"));
        let of_all = value(&format!("job:{durations}:{percentile}"));
        assert!(
            0.0 < of_route && of_route < 10.0,
            "{percentile}: {of_route}"
        );
        assert!(0.0 < of_all && of_all < 10.0, "{percentile}: {of_all}");
    }
    value(r#"ALERTS{alertname="HighLatency",alertstate="firing"} == 1"#);
    let answer = http::get(prometheus.addr(), "/metrics", &[]).unwrap();
    let failures = by_group(&answer.text(), "prometheus_rule_evaluation_failures_total");
    assert!(!failures.is_empty());
    for (group, failed) in failures {
        assert!(failed == 0.0, "{group} fails");
    }
}

/// A service on a thread of its own.
fn start() -> (SocketAddr, Registry) {
    let exponential =
        RegistryOptions::new().bounds(HTTP_REQUEST_DURATION.name(), Bounds::exponential());
    let config = Config::new("checkout").metrics(exponential);
    let sonde = radiosonde::build(config).unwrap().into_sonde();
    let registry = sonde.metrics().clone();
    let (send, addr) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let server = sonde.bind("127.0.0.1:0").await.unwrap();
            send.send(server.local_addr()).unwrap();
            let app = Router::new().route("/work", get(async || ""));
            let app = app.merge(sonde.router()).layer(sonde.layer());
            server.serve(app).await;
        });
    });
    (addr.recv().unwrap(), registry)
}
