//! What the registry refuses is told in the log: once, so that it can be mended.

use radiosonde::Config;
use radiosonde::metrics::RegistryOptions;
use radiosonde::testing::Telemetry;

/// Does it three times, and returns the lines that speak of metrics.
fn told(record: impl Fn()) -> Vec<String> {
    let metrics = RegistryOptions::new().series_per_metric(2);
    let telemetry = Telemetry::new(Config::new("checkout").metrics(metrics));
    telemetry.record(|| (0..3).for_each(|_| record()));
    let lines = telemetry.logs().lines().to_vec();
    lines
        .into_iter()
        .filter(|line| line.contains("metric"))
        .collect()
}

#[test]
fn a_metric_of_two_kinds_is_told_once_with_its_name_and_the_reason() {
    let lines = told(|| {
        metrics::counter!("jobs").increment(1);
        metrics::gauge!("jobs").set(1.0);
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("jobs") && lines[0].contains("name_taken"),
        "{lines:?}"
    );
    assert!(
        lines[0].contains("radiosonde_metrics_refused_total"),
        "{lines:?}"
    );
}

#[test]
fn each_metric_and_each_reason_is_told() {
    let lines = told(|| {
        metrics::gauge!("depth").set(f64::NAN);
        metrics::histogram!("wait").record(f64::INFINITY);
        metrics::counter!("orders", "a.b" => "1", "a_b" => "2").increment(1);
        metrics::counter!("orders", "le" => "1").increment(1);
    });
    assert_eq!(lines.len(), 4, "{lines:?}");
    for expected in [
        ["depth", "not_a_number"],
        ["wait", "not_a_number"],
        ["orders", "duplicate_label"],
        ["orders", "reserved_label"],
    ] {
        let tells = |line: &String| expected.iter().all(|word| line.contains(word));
        assert_eq!(
            lines.iter().filter(|line| tells(line)).count(),
            1,
            "{expected:?}"
        );
    }
}

#[test]
fn a_metric_past_its_budget_is_told_once() {
    let lines = told(|| {
        for user in ["a", "b", "c", "d"] {
            metrics::counter!("logins_total", "user" => user).increment(1);
        }
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("logins_total") && lines[0].contains("overflow"),
        "{lines:?}"
    );
}

#[test]
fn names_that_come_from_data_do_not_fill_the_log() {
    let lines = told(|| {
        for number in 0..500 {
            metrics::counter!(format!("orders_of_{number}"), "le" => "1").increment(1);
        }
    });
    assert_eq!(lines.len(), 100);
}
