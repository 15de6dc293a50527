//! The real programs judge what is written: promtool and amtool.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use radiosonde_catalog::Catalogue;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_stack::{Naming, Options, Service, ServiceCatalogue, Stack, Target};
use radiosonde_testkit::tools;

use crate::support::{everything, service};

/// Runs a command in a tree, with the tools at hand.
#[track_caller]
fn run(directory: &Path, script: &str) {
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(directory)
        .env("PATH", tools::path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let wrong = said
        .lines()
        .filter(|line| !line.is_empty() && !line.contains("SUCCESS"));
    let wrong: Vec<_> = wrong.collect();
    assert!(output.status.success(), "{script}: {}", wrong.join("\n"));
}

/// The script of the tree lets them look at everything, and plays the story of every alert.
#[test]
fn every_file_is_accepted_and_every_alert_fires_and_clears() {
    let directory = tempfile::tempdir().unwrap();
    everything(Naming::Prometheus)
        .render()
        .write(directory.path(), false)
        .unwrap();
    // Two services have the same rules, so one of them tells their stories.
    std::fs::remove_dir_all(directory.path().join("prometheus/tests/billing")).unwrap();
    run(directory.path(), "sh check.sh");
}

/// Objectives that share a period share its rule, too. Above one has a period of its own.
#[test]
fn objectives_of_one_period_keep_their_budgets_apart() {
    let quick = Duration::from_millis(300);
    let objectives = Objectives::new([
        Objective::availability("api", 99.9),
        Objective::latency("quick", 95.0, quick).for_each(["/orders/{id}", "/orders"]),
    ]);
    let json = Catalogue::new().with_objectives(objectives.unwrap()).json();
    let checkout = Service::new("checkout", ServiceCatalogue::from_json(&json).unwrap());
    let directory = tempfile::tempdir().unwrap();
    Stack::new([checkout], Options::default())
        .unwrap()
        .render()
        .write(directory.path(), false)
        .unwrap();
    run(
        directory.path(),
        "ls prometheus/tests/checkout/objectives.api*.yml prometheus/tests/checkout/objectives.quick*.yml > /dev/null && \
         find prometheus/tests/checkout -name 'objectives*.yml' | xargs -n 1 -P 4 promtool test rules",
    );
}

/// In the other spelling as well. What is no service keeps its names, and was played already.
#[test]
fn over_otlp_every_file_is_accepted_and_every_alert_fires_and_clears() {
    let directory = tempfile::tempdir().unwrap();
    everything(Naming::OpenTelemetry)
        .render()
        .write(directory.path(), false)
        .unwrap();
    run(
        directory.path(),
        "promtool check rules --lint=all --lint-fatal $(find prometheus/rules -name '*.yml') && \
         find prometheus/tests/checkout -name '*.yml' | xargs -n 1 -P 4 promtool test rules && \
         promtool check config --syntax-only prometheus/prometheus.yml && \
         amtool check-config alertmanager/alertmanager.yml && \
         sh alertmanager/test-routes.sh",
    );
}

#[test]
fn a_tree_without_settings_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let stack = Stack::new([service("checkout")], Options::default()).unwrap();
    stack.render().write(directory.path(), false).unwrap();
    run(
        directory.path(),
        "promtool check config prometheus/prometheus.yml && amtool check-config alertmanager/alertmanager.yml && sh \
         alertmanager/test-routes.sh",
    );
}

/// What only version 3 has, version 2 refuses by name, which shows that it is written at all.
#[test]
fn what_is_for_version_3_is_not_for_version_2() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options::default();
    options.target = Target::Prometheus3;
    let stack = Stack::new([service("checkout")], options).unwrap();
    stack.render().write(directory.path(), false).unwrap();
    run(
        directory.path(),
        "promtool check config prometheus/prometheus.yml 2>&1 | grep -q 'fallback_scrape_protocol not found'",
    );
}
