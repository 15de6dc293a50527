//! The registry through its public face and through the `metrics` facade.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod bad_input;
mod fuzz;
mod laws;
mod protobuf;
#[cfg(feature = "slo")]
mod slo;
mod stock;

use metrics::{counter, gauge, histogram};
use radiosonde_metrics::Registry;

/// Runs `record` with a registry as the recorder, and returns its text.
fn recorded(record: impl FnOnce()) -> String {
    let registry = Registry::new();
    metrics::with_local_recorder(&registry, record);
    registry.render()
}

#[test]
fn a_metric_of_another_kind_is_refused_and_the_first_stays() {
    let text = recorded(|| {
        counter!("jobs").increment(1);
        gauge!("jobs").set(7.0);
        counter!("jobs").increment(1);
    });
    assert!(text.contains("# TYPE jobs counter\njobs 2\n"), "{text}");
    assert!(
        text.contains("radiosonde_metrics_refused_total{reason=\"name_taken\"} 1\n"),
        "{text}"
    );
}

#[test]
fn a_metric_named_like_a_part_of_a_histogram_is_refused() {
    let text = recorded(|| {
        histogram!("wait").record(1.0);
        counter!("wait_count").increment(1);
        counter!("size_sum").increment(1);
        histogram!("size").record(1.0);
    });
    assert!(
        !text.contains("# TYPE wait_count") && !text.contains("# TYPE size histogram"),
        "{text}"
    );
    assert!(text.contains("reason=\"name_taken\"} 2\n"), "{text}");
}

#[test]
fn names_that_are_spelled_alike_are_one_metric() {
    let text = recorded(|| {
        counter!("cache.hits", "tier.one" => "a").increment(1);
        counter!("cache_hits", "tier-one" => "a").increment(2);
    });
    assert!(text.contains("cache_hits{tier_one=\"a\"} 3\n"), "{text}");
}

#[test]
fn a_handle_outlives_a_million_values_without_growing() {
    let registry = Registry::new();
    let wait = metrics::with_local_recorder(&registry, || histogram!("wait_seconds"));
    let before = registry.render().len();
    for _ in 0..1_000_000 {
        wait.record(0.001);
    }
    let text = registry.render();
    assert!(text.contains("wait_seconds_count 1000000\n"), "{text}");
    assert!(
        text.len() < before + 200,
        "the text grew from {before} to {}",
        text.len()
    );
}

#[test]
fn threads_lose_no_increment() {
    let registry = Registry::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                metrics::with_local_recorder(&registry, || {
                    for _ in 0..10_000 {
                        counter!("hits_total").increment(1);
                        gauge!("in_flight").increment(1.0);
                        histogram!("took").record(1.0);
                        gauge!("in_flight").decrement(1.0);
                    }
                });
            });
        }
    });
    let text = registry.render();
    for line in [
        "hits_total 40000\n",
        "in_flight 0\n",
        "took_sum 40000\n",
        "took_count 40000\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}
