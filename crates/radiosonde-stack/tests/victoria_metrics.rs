//! What arrives over OTLP is called what the rules under `--naming opentelemetry` ask for, by a receiver that others wrote.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::time::Duration;

use radiosonde::Config;
use radiosonde::metrics::Registry;
use radiosonde_catalog::{Kind, METRICS, Metric, TARGET_INFO};
use radiosonde_stack::Naming;
use radiosonde_testkit::eventually;
use radiosonde_testkit::victoria_metrics::VictoriaMetrics;

#[test]
fn every_metric_and_label_arrives_under_the_name_that_rules_ask_for() {
    let receiver = VictoriaMetrics::start();
    send(&receiver.endpoint());
    // It is not sent: receivers make it of the resource.
    let is_sent = |metric: &&&Metric| metric.name() != TARGET_INFO.name();
    let expected = METRICS.iter().filter(is_sent);
    let expected: Vec<_> = expected.flat_map(|metric| spelled(metric)).collect();
    let arrived = eventually("what was sent", Duration::from_mins(1), || {
        let arrived = receiver.series();
        let (last, _) = expected.last()?;
        arrived.contains_key(last).then_some(arrived)
    });
    let mut missing = Vec::new();
    for (name, labels) in expected {
        match arrived.get(&name) {
            None => missing.push(name),
            Some(found) => {
                let lost = labels.into_iter().filter(|label| !found.contains(label));
                missing.extend(lost.map(|label| format!("{name}{{{label}}}")));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?} of {:#?}", arrived.keys());
}

/// The names of the series of a metric, and its labels.
fn spelled(metric: &Metric) -> Vec<(String, Vec<String>)> {
    let name = Naming::OpenTelemetry.metric(metric);
    let labels = metric.labels().iter();
    let labels: Vec<_> = labels
        .map(|label| Naming::OpenTelemetry.label(metric, label))
        .collect();
    let endings: &[&str] = match metric.kind() {
        Kind::Histogram => &["_bucket", "_sum", "_count"],
        _ => &[""],
    };
    let name = |ending: &&str| (format!("{name}{ending}"), labels.clone());
    endings.iter().map(name).collect()
}

/// Sends a series of every metric that there is.
fn send(endpoint: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config = Config::new("checkout").otlp_endpoint(endpoint);
        let sonde = radiosonde::build(config).unwrap().into_sonde();
        for metric in METRICS {
            record(sonde.metrics(), metric);
        }
        let report = sonde.shutdown(Duration::from_secs(20)).await;
        assert!(report.metric_points.sent > 0, "{report}");
        assert_eq!(report.metric_points.sent, report.metric_points.ended);
    });
}

fn record(registry: &Registry, metric: &Metric) {
    let values = vec!["a"; metric.labels().len()];
    match metric.kind() {
        Kind::Counter => registry.counter(metric, &values).increment(1),
        Kind::UpDownCounter => registry.up_down_counter(metric, &values).add(1),
        Kind::Histogram => registry.histogram(metric, &values).record(1.0),
        _ => registry.gauge(metric, &values).set(1.0),
    }
}
