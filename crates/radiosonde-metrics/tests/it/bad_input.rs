//! What nobody means to record: it costs its own series, and neither memory nor the scrape.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::ops::Range;

use metrics::{counter, histogram};
use radiosonde_metrics::Registry;
use radiosonde_testkit::strict::{Family, Format, parse};

use crate::recorded;

fn families(text: &str) -> Vec<Family> {
    parse(Format::Text, text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}

/// Asserts that one series `good 1` is there, that nothing else is, and that one was refused for this reason.
fn assert_intact(text: &str, reason: &str) {
    let families = families(text);
    let recorded = families
        .iter()
        .filter(|family| !family.name.starts_with("radiosonde_"));
    let samples: Vec<_> = recorded.flat_map(|family| &family.samples).collect();
    assert_eq!(samples.len(), 1, "{text}");
    assert!(text.contains("\ngood 1\n"), "{text}");
    let refused = format!("radiosonde_metrics_refused_total{{reason=\"{reason}\"}} 1\n");
    assert!(text.contains(&refused), "{text}");
}

/// Runs `record` with a registry as the recorder, and returns how many bytes are held afterwards that were not before.
fn bytes_kept(registry: &Registry, record: impl FnOnce()) -> i64 {
    let allocated = allocation_counter::measure(|| metrics::with_local_recorder(registry, record));
    assert!(allocated.bytes_total > 0);
    allocated.bytes_current
}

#[test]
fn label_values_past_the_budget_share_one_series_and_keep_not_one_byte() {
    let visits = |visitors: Range<u32>| {
        for visitor in visitors {
            counter!("visits_total", "visitor" => visitor.to_string()).increment(1);
        }
    };
    let registry = Registry::new();
    assert!(bytes_kept(&registry, || visits(0..10_000)) > 100_000);
    assert_eq!(bytes_kept(&registry, || visits(10_000..100_000)), 0);
    let text = registry.render();
    assert!(text.contains("visits_total{otel_metric_overflow=\"true\"} 98000\n"));
    let families = families(&text);
    let visits = families
        .iter()
        .find(|family| family.name == "visits_total")
        .unwrap();
    assert_eq!(visits.samples.len(), 2_001);
    let total: f64 = visits.samples.iter().map(|sample| sample.value).sum();
    assert_eq!(Some(total), Some(100_000.0));
}

#[test]
fn names_past_the_budget_keep_not_one_byte() {
    let count =
        |names: Range<u32>| names.for_each(|name| counter!(format!("n_{name}")).increment(1));
    let registry = Registry::new();
    assert!(bytes_kept(&registry, || count(0..3_000)) > 100_000);
    assert_eq!(bytes_kept(&registry, || count(3_000..30_000)), 0);
    let refused = "radiosonde_metrics_refused_total{reason=\"too_many_metrics\"} 28003\n";
    assert!(registry.render().contains(refused));
}

#[test]
fn the_values_of_a_histogram_keep_not_one_byte() {
    let registry = Registry::new();
    let wait = |values: Range<u32>| {
        for value in values {
            histogram!("wait_seconds").record(f64::from(value));
        }
    };
    assert!(bytes_kept(&registry, || wait(0..10)) > 0);
    assert_eq!(bytes_kept(&registry, || wait(10..100_000)), 0);
    assert!(registry.render().contains("wait_seconds_count 100000\n"));
}

#[test]
fn labels_that_are_spelled_alike_are_refused() {
    let text = recorded(|| {
        counter!("good").increment(1);
        counter!("twice", "http.route" => "/x", "http_route" => "/y").increment(1);
    });
    assert_intact(&text, "duplicate_label");
}

#[test]
fn a_label_that_is_there_twice_is_refused() {
    let text = recorded(|| {
        counter!("good").increment(1);
        counter!("twice", "route" => "/x", "route" => "/x").increment(1);
    });
    assert_intact(&text, "duplicate_label");
}

#[test]
fn a_label_set_that_is_refused_takes_no_other_of_its_metric_along() {
    let text = recorded(|| {
        counter!("good", "a.b" => "1", "a-b" => "2").increment(1);
        counter!("good").increment(1);
    });
    assert_intact(&text, "duplicate_label");
}

#[test]
fn each_reserved_label_is_refused() {
    for name in [
        "le",
        "quantile",
        "__name__",
        "__",
        "otel_metric_overflow",
        "otel.metric.overflow",
    ] {
        let text = recorded(|| {
            counter!("good").increment(1);
            histogram!("bad", name => "1").record(1.0);
        });
        assert_intact(&text, "reserved_label");
    }
}

#[test]
fn a_label_without_a_name_is_refused() {
    let text = recorded(|| {
        counter!("good").increment(1);
        counter!("bad", "" => "v").increment(1);
    });
    assert_intact(&text, "empty_name");
}

#[test]
fn a_label_value_of_64_kilobytes_is_written_whole() {
    let value = "\"\\\né{},=".repeat(8 * 1024);
    assert!(value.len() > 64 * 1024);
    let text = recorded(|| {
        counter!("long_total", "value" => value.clone()).increment(1);
        histogram!("long_seconds", "value" => value.clone()).record(1.0);
    });
    let families = families(&text);
    let long = families
        .iter()
        .filter(|family| family.name.starts_with("long_"));
    let samples: Vec<_> = long.flat_map(|family| &family.samples).collect();
    assert!(samples.len() > 10);
    assert!(samples.iter().all(|sample| sample.labels["value"] == value));
}
