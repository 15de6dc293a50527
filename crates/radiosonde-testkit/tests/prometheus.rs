//! The driver of Prometheus, against a canned exposition.

use std::time::Duration;

use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::prometheus::{
    Prometheus, promtool_check_config, promtool_check_metrics, scrape_config,
};

const EXPOSITION: &str = "\
# HELP launches_total Balloons let go.
# TYPE launches_total counter
launches_total{site=\"Tromsø\"} 42
";

#[test]
fn a_target_is_scraped_and_its_samples_answer_queries() {
    let target = FaultCollector::start(Mode::answer("text/plain; version=0.0.4", EXPOSITION));
    let prometheus = Prometheus::start(&scrape_config("balloons", target.addr()));

    let launches = eventually("a scrape", Duration::from_secs(30), || {
        prometheus.value("launches_total{site=\"Tromsø\"}")
    });
    assert!((launches - 42.0).abs() < f64::EPSILON);

    let up = prometheus.query("up");
    assert_eq!(up[0]["metric"]["job"], "balloons");
    assert_eq!(up[0]["value"][1], "1");
    assert_eq!(prometheus.value("no_such_metric"), None);
}

#[test]
#[should_panic(expected = "prometheus ended with exit status")]
fn a_configuration_that_prometheus_refuses_fails_the_start() {
    let _ = Prometheus::start("scrape_configs: 7");
}

#[test]
fn promtool_accepts_good_metrics_and_explains_bad_ones() {
    assert_eq!(promtool_check_metrics(EXPOSITION), Ok(String::new()));

    let complaint = promtool_check_metrics("launches_total 1\nlaunches_total 2\n").unwrap_err();
    assert!(complaint.contains("launches_total"), "{complaint}");

    let malformed = "launches_total{\n".to_owned() + &EXPOSITION.repeat(10_000);
    let complaint = promtool_check_metrics(&malformed).unwrap_err();
    assert!(complaint.contains("line 1"), "{complaint}");
}

#[test]
fn promtool_accepts_a_good_configuration_and_explains_a_bad_one() {
    let target = FaultCollector::start(Mode::Refuse);
    let said = promtool_check_config(&scrape_config("balloons", target.addr())).unwrap();
    assert!(said.contains("SUCCESS"), "{said}");

    let complaint = promtool_check_config("scrape_configs: 7").unwrap_err();
    assert!(complaint.contains("FAILED"), "{complaint}");
}
