//! A real Prometheus reads exemplars and native histograms, each in the format in which it asks for them.

#![cfg(all(feature = "axum", feature = "otlp"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![allow(clippy::float_cmp, reason = "what is compared are counts")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use radiosonde::metrics::{Bounds, RegistryOptions};
use radiosonde::{Config, Sonde};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::prometheus::{Prometheus, scrape_config};
use radiosonde_testkit::{eventually, http};

/// A service that exports its spans, in this process, on a thread of its own.
fn service(collector: &FaultCollector) -> SocketAddr {
    let (send, address) = std::sync::mpsc::channel();
    let metrics = RegistryOptions::new().bounds_by_prefix("job_", Bounds::exponential());
    let config = Config::new("checkout")
        .metrics(metrics)
        .otlp_endpoint(collector.endpoint());
    let sonde = radiosonde::build(config).unwrap().into_sonde();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = sonde.bind("127.0.0.1:0").await.unwrap();
            send.send(server.local_addr()).unwrap();
            server.serve(app(&sonde)).await;
        });
    });
    address.recv().unwrap()
}

fn app(sonde: &Sonde) -> Router {
    let registry = sonde.metrics().clone();
    let work = async move || {
        metrics::with_local_recorder(&registry, || {
            for seconds in [0.25, 0.5, 1.0, 2.0, 4.0] {
                metrics::histogram!("job_seconds", "kind" => "nightly").record(seconds);
            }
        });
        ""
    };
    Router::new()
        .route("/work", get(work))
        .merge(sonde.router())
        .layer(sonde.layer())
}

/// Sends a request that belongs to the trace of this id.
fn request(service: SocketAddr, trace_id: &str, flags: &str) {
    let parent = format!("00-{trace_id}-00f067aa0ba902b7-{flags}");
    let response = http::get(service, "/work", &[("traceparent", &parent)]).unwrap();
    assert_eq!(response.status, 200);
}

/// The trace ids of the exemplars of an expression, once there are any.
fn trace_ids(prometheus: &Prometheus, expression: &str) -> BTreeSet<String> {
    let found = eventually(expression, Duration::from_secs(30), || {
        let found = prometheus.exemplars(expression);
        let series = found.as_array()?.first()?.clone();
        Some(series["exemplars"].clone())
    });
    let exemplars = found.as_array().unwrap().iter();
    exemplars
        .map(|exemplar| exemplar["labels"]["trace_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_real_prometheus_finds_the_trace_behind_a_bucket() {
    let collector = FaultCollector::start(Mode::status(200));
    let service = service(&collector);
    let sampled = "0af7651916cd43dd8448eb211c80319c";
    request(service, sampled, "01");
    request(service, "11111111111111111111111111111111", "00");

    let prometheus =
        Prometheus::with_features(&scrape_config("checkout", service), &["exemplar-storage"]);
    let requests = r#"http_request_duration_seconds_bucket{route="/work"}"#;
    let found = trace_ids(&prometheus, requests);
    assert_eq!(found, BTreeSet::from([sampled.to_owned()]));
    // This Prometheus reads a text, which has no place for buckets that nobody named.
    let count = eventually("count", Duration::from_secs(30), || {
        prometheus.value("job_seconds_count")
    });
    assert_eq!(count, 10.0);
}

#[test]
fn a_real_prometheus_reads_native_histograms() {
    let collector = FaultCollector::start(Mode::status(200));
    let service = service(&collector);
    let sampled = "4bf92f3577b34da6a3ce929d0e0e4736";
    request(service, sampled, "01");

    let features = ["exemplar-storage", "native-histograms"];
    let prometheus = Prometheus::with_features(&scrape_config("checkout", service), &features);
    let value =
        |query: &str| eventually(query, Duration::from_secs(30), || prometheus.value(query));
    let job = r#"job_seconds{kind="nightly"}"#;
    assert_eq!(value(&format!("histogram_count({job})")), 5.0);
    assert_eq!(value(&format!("histogram_sum({job})")), 7.75);
    let median = value(&format!("histogram_quantile(0.5, {job})"));
    assert!((0.9..=1.0).contains(&median), "{median}");
    let within = value(&format!("histogram_fraction(0.3, 1, {job})"));
    assert!((within - 0.4).abs() < 0.001, "{within}");

    // What has bounds comes in the same messages.
    assert_eq!(
        value(r#"http_requests_total{route="/work",status="200"}"#),
        1.0
    );
    assert_eq!(
        value(r#"http_request_duration_seconds_count{route="/work"}"#),
        1.0
    );
    let requests = r#"http_request_duration_seconds_bucket{route="/work"}"#;
    let found = trace_ids(&prometheus, requests);
    assert_eq!(found, BTreeSet::from([sampled.to_owned()]));
}
