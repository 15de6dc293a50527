//! A real Prometheus evaluates rules and says how long it took.
//!
//! Here those of services with fifty routes and ten objectives each, of which one is about each route. By default there is one service with
//! a day of history, and rules are evaluated every second, so that nobody waits. The full size is that of ten services, each with
//! thirty days of history, which takes half a gigabyte for a while: `RADIOSONDE_TEST_SERVICES=10 RADIOSONDE_TEST_DAYS=30
//! RADIOSONDE_TEST_INTERVAL=10 cargo test -p radiosonde-stack --all-features --test prometheus rules_of_many -- --nocapture`. The times by the
//! clock are true on a quiet machine alone.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod history;
mod native;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use radiosonde_catalog::Catalogue;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_stack::{Options, Service, ServiceCatalogue, Stack};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::prometheus::Prometheus;
use radiosonde_testkit::{eventually, http};

use history::History;

const ROUTES: u64 = 50;

const OBJECTIVES: u64 = 10;

#[test]
fn rules_of_many_services_take_a_small_part_of_their_interval() {
    let [count, days, interval] = [
        ("RADIOSONDE_TEST_SERVICES", 1),
        ("RADIOSONDE_TEST_DAYS", 1),
        ("RADIOSONDE_TEST_INTERVAL", 1),
    ]
    .map(size);
    let interval = Duration::from_secs(interval);
    let target = FaultCollector::start(Mode::answer("text/plain; version=0.0.4", exposition()));
    let instance = target.addr().to_string();
    let services: Vec<_> = (0..count)
        .map(|number| format!("service-{number}"))
        .collect();
    let of = |name: &String| {
        let catalogue = ServiceCatalogue::from_json(&catalogue()).unwrap();
        Service::new(name, catalogue).with_targets([instance.clone()])
    };
    let mut options = Options::default();
    let usual = options.evaluation_interval.as_secs_f64();
    options.scrape_interval = interval;
    options.evaluation_interval = interval;
    let tree = Stack::new(services.iter().map(of), options)
        .unwrap()
        .render();
    let directory = tempfile::tempdir().unwrap();
    tree.write(directory.path(), false).unwrap();

    let history = services.iter().flat_map(|service| budgets(service));
    let history = History::new(history, &instance, days);
    let blocks = history.blocks(directory.path());
    let prometheus = Prometheus::over(&config(directory.path()), &blocks);
    let budgets = count * (ROUTES + OBJECTIVES - 1);
    eventually("every group to have something to do", 80 * interval, || {
        prometheus.value(&format!("count(slo:events:period) == {budgets}"))
    });
    let first = Told::by(&prometheus, interval.as_secs_f64());
    // Questions cost what is measured. What is evaluated least often is so every twenty intervals.
    thread::sleep(20 * interval);
    let last = Told::by(&prometheus, interval.as_secs_f64());
    let rounds = (last.evaluations - first.evaluations) / last.rules;
    let [clock, processor] = [last.clock - first.clock, last.processor - first.processor]
        .map(|seconds| seconds / rounds);
    println!(
        "{count} services, {budgets} budgets, {days} days of history: {:.0} rules per interval of {usual} s take {clock:.3} s by \
         the clock, all groups one after the other, or {:.1} %; all that Prometheus does takes {processor:.3} s of processor time, or \
         {:.1} %; {rounds:.1} of 20 intervals were evaluated",
        last.rules,
        100.0 * clock / usual,
        100.0 * processor / usual
    );
    assert!(processor < usual, "rules take all the time there is");
}

/// What Prometheus says of its rules.
struct Told {
    /// How many there are for each interval.
    rules: f64,
    /// How many were evaluated.
    evaluations: f64,
    /// How long all groups took, one after the other, in seconds.
    clock: f64,
    /// The processor time of all that it does, in seconds.
    processor: f64,
}

impl Told {
    fn by(prometheus: &Prometheus, interval: f64) -> Self {
        let answer = http::get(prometheus.addr(), "/metrics", &[]);
        let text = answer.unwrap().text();
        let intervals = by_group(&text, "prometheus_rule_group_interval_seconds");
        let intervals: BTreeMap<_, _> = intervals.into_iter().collect();
        let weight = |(group, rules): &(String, f64)| rules * interval / intervals[group];
        let rules = by_group(&text, "prometheus_rule_group_rules");
        let evaluations = by_group(&text, "prometheus_rule_evaluations_total");
        Self {
            rules: rules.iter().map(weight).sum(),
            evaluations: evaluations.iter().map(|(_, count)| count).sum(),
            clock: total(&text, "prometheus_rule_group_duration_seconds_sum"),
            processor: total(&text, "process_cpu_seconds_total"),
        }
    }
}

/// The labels of the budgets of a service.
fn budgets(service: &str) -> Vec<String> {
    let each = (0..ROUTES).map(|route| format!("slo=\"each\",route=\"/routes/{route}\""));
    let whole = (1..OBJECTIVES).map(|index| format!("slo=\"api-{index}\""));
    let labels = each.chain(whole);
    labels
        .map(|labels| format!("job=\"{service}\",{labels}"))
        .collect()
}

fn size((variable, default): (&str, u64)) -> u64 {
    let set = std::env::var(variable).ok();
    set.map_or(default, |size| size.parse().expect("a number"))
}

/// The configuration of the tree, with its rules where they are.
fn config(tree: &Path) -> String {
    let prometheus = tree.join("prometheus");
    let config = fs::read_to_string(prometheus.join("prometheus.yml")).unwrap();
    ["rules/", "packs/"]
        .into_iter()
        .fold(config, |config, directory| {
            config.replace(
                &format!("- '{directory}"),
                &format!("- '{}/{directory}", prometheus.display()),
            )
        })
}

/// The values of a metric that Prometheus has for each group of rules.
fn by_group(text: &str, metric: &str) -> Vec<(String, f64)> {
    let start = format!("{metric}{{rule_group=\"");
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix(start.as_str()));
    lines
        .filter_map(|line| {
            let (group, value) = line.split_once("\"} ")?;
            Some((group.to_owned(), value.parse().ok()?))
        })
        .collect()
}

/// The value of a metric without labels.
fn total(text: &str, metric: &str) -> f64 {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(metric));
    let value = lines.find_map(|line| line.strip_prefix(' ')?.parse().ok());
    value.unwrap_or(f64::NAN)
}

fn catalogue() -> String {
    let routes: Vec<_> = (0..ROUTES)
        .map(|route| format!("/routes/{route}"))
        .collect();
    let objectives = (0..OBJECTIVES).map(|index| match index {
        0 => Objective::availability("each", 99.5).for_each(routes.clone()),
        index => Objective::availability(format!("api-{index}"), 99.9),
    });
    let objectives = Objectives::new(objectives).unwrap();
    Catalogue::new().with_objectives(objectives).json()
}

/// What such a service exposes of its requests and its objectives.
fn exposition() -> String {
    let mut text = String::new();
    for route in 0..ROUTES {
        for status in ["200", "404", "500"] {
            let labels = format!("method=\"GET\",route=\"/routes/{route}\",status=\"{status}\"");
            let _ = writeln!(text, "http_requests_total{{{labels},outcome=\"ok\"}} 100");
            for bound in [
                "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0",
                "2.5", "5.0", "7.5", "10.0", "+Inf",
            ] {
                let _ = writeln!(
                    text,
                    "http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} 100"
                );
            }
        }
        let _ = writeln!(
            text,
            "http_errors_total{{method=\"GET\",route=\"/routes/{route}\",error_type=\"500\"}} 1"
        );
        let _ = writeln!(
            text,
            "slo_events_total{{slo=\"each\",route=\"/routes/{route}\"}} 100"
        );
        let _ = writeln!(
            text,
            "slo_bad_events_total{{slo=\"each\",route=\"/routes/{route}\"}} 1"
        );
    }
    for index in 1..OBJECTIVES {
        let _ = writeln!(text, "slo_events_total{{slo=\"api-{index}\"}} 100");
        let _ = writeln!(text, "slo_bad_events_total{{slo=\"api-{index}\"}} 1");
    }
    text
}
