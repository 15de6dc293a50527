//! What only later versions of promtool read, in front of one: tests with native histograms, from 2.53 on.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fs;
use std::process::Command;

use radiosonde_catalog::{Catalogue, Kind, METRICS, Metric, Unit};
use radiosonde_stack::{Options, Service, ServiceCatalogue, Stack, Target};
use radiosonde_testkit::tools;

const DELIVERY: Metric =
    Metric::histogram("orders_delivery_seconds", &[60.0, 3600.0]).with_unit(Unit::Seconds);

const ALERTS: &str = r#"{ "DeliverySlow": {
    "metric": "orders_delivery_seconds", "when": "slower_than", "limit": 600, "means": "Parcels are late."
} }"#;

/// All histograms follow their values; the stories of all alerts are told, those about percentiles among them.
#[test]
fn alerts_about_native_histograms_fire_and_clear() {
    let metrics = METRICS.iter().copied().chain([&DELIVERY]);
    let is_histogram = |metric: &&Metric| metric.kind() == Kind::Histogram;
    let catalogue = { metrics.clone() }
        .filter(is_histogram)
        .fold(Catalogue::of(metrics), |catalogue, histogram| {
            catalogue.with_exponential(histogram.name())
        });
    let catalogue = ServiceCatalogue::from_json(&catalogue.json()).unwrap();
    let service = Service::new("checkout", catalogue);
    let service = service.with_alerts(serde_json::from_str(ALERTS).unwrap());
    let mut options = Options::default();
    options.target = Target::Prometheus3;
    let tree = Stack::new([service], options).unwrap().render();
    let directory = tempfile::tempdir().unwrap();
    tree.write(directory.path(), false).unwrap();

    let tests = directory.path().join("prometheus/tests/checkout");
    let mut native = 0;
    for file in fs::read_dir(&tests).unwrap() {
        let file = file.unwrap().path();
        if !fs::read_to_string(&file).unwrap().contains("{{schema:") {
            continue;
        }
        native += 1;
        let mut promtool = Command::new(tools::newer_program("promtool"));
        let output = promtool
            .args(["test", "rules"])
            .arg(&file)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{}: {said}", file.display());
    }
    // Recorded series, requests, gRPC, dependencies, messages, pools, the runtime, and a metric of the service's own.
    assert_eq!(native, 8);
}
