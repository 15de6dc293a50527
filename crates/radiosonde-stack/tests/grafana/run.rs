//! Every query of every board finds something.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use radiosonde_stack::{Options, Service, ServiceCatalogue, Stack, Tree};
use radiosonde_testkit::prometheus::Prometheus;
use serde_json::Value;

use crate::service::UsesAll;

#[test]
fn every_query_finds_series_of_a_service_that_uses_everything() {
    let service = UsesAll::start();
    // What it uses is known once it was used.
    service.visit();
    let catalogue = ServiceCatalogue::from_json(&service.registry.catalogue().json()).unwrap();
    let mut options = Options::default();
    options.evaluation_interval = Duration::from_secs(1);
    let stack = Stack::new([Service::new("checkout", catalogue)], options);
    let tree = stack.unwrap().render();
    let directory = tempfile::tempdir().unwrap();
    write_rules(&tree, directory.path());
    let prometheus = Prometheus::start(&config(directory.path(), service.addr));

    let mut unanswered = queries(&tree);
    assert!(unanswered.len() > 100, "{}", unanswered.len());
    let start = Instant::now();
    while !unanswered.is_empty() {
        assert!(start.elapsed() < DEADLINE, "no series for {unanswered:#?}");
        service.visit();
        unanswered.retain(|query, _| prometheus.query(query) == Value::Array(vec![]));
    }
}

/// Every query of the tree, and where it stands.
fn queries(tree: &Tree) -> BTreeMap<String, String> {
    let boards = tree
        .files()
        .filter(|(path, _)| path.starts_with("grafana/dashboards/"));
    let mut queries = BTreeMap::new();
    for (path, text) in boards {
        let board: Value = serde_json::from_str(text).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let query = filled(target["expr"].as_str().unwrap());
                queries.insert(query, format!("{path}: {}", panel["title"]));
            }
        }
        for mark in board["annotations"]["list"].as_array().unwrap() {
            let query = filled(mark["target"]["expr"].as_str().unwrap());
            queries.insert(query, format!("{path}: {}", mark["name"]));
        }
    }
    queries
}

/// Puts in what Grafana puts in for its variables.
fn filled(query: &str) -> String {
    query
        .replace("$__rate_interval", "1m")
        .replace("$job", "checkout")
        .replace("$instance", ".+")
}

fn write_rules(tree: &Tree, directory: &Path) {
    let rules = tree
        .files()
        .filter(|(path, _)| path.starts_with("prometheus/rules/"));
    for (path, text) in rules {
        fs::write(directory.join(path.replace('/', "-")), text).unwrap();
    }
}

/// Scrapes the service, and an instance under limits beside it.
fn config(rules: &Path, target: SocketAddr) -> String {
    format!(
        "global:\n  scrape_interval: 500ms\n  scrape_timeout: 500ms\n  evaluation_interval: 1s\n\
         rule_files: ['{}/*.yml']\n\
         scrape_configs:\n\
         - job_name: checkout\n  static_configs:\n  - targets: ['{target}']\n\
         - job_name: limited\n  metrics_path: /limited\n  static_configs:\n  - targets: ['{target}']\n    \
         labels: {{ job: checkout, instance: limited }}\n",
        rules.display()
    )
}

/// A rate takes two scrapes, and what is recorded of it two more runs of the rules; the rest is for a busy machine.
const DEADLINE: Duration = Duration::from_mins(5);
