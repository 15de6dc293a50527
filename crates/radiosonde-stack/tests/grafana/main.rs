//! The dashboards, read by Grafana's own types and SDK, and asked of a real Prometheus that scrapes a real service.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod run;
mod service;

use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_catalog::{Catalogue, METRICS, Metric};
use radiosonde_stack::{Naming, Options, Service, ServiceCatalogue, Stack, TraceStore};
use radiosonde_testkit::grafana::{check_types, round_trip};

/// Every board that there can be, as text.
fn boards() -> Vec<String> {
    const PAID: Metric = Metric::counter("orders_paid_total").with_labels(&["payment"]);
    const DELIVERY: Metric = Metric::histogram("orders_delivery", &[60.0, 3600.0]);

    let objectives = Objectives::new([Objective::availability("api", 99.9)]).unwrap();
    let catalogue = Catalogue::of(METRICS.iter().copied().chain([&PAID, &DELIVERY]))
        .with_in_use(METRICS.iter().map(|metric| metric.name()))
        .with_objectives(objectives);
    let catalogue = ServiceCatalogue::from_json(&catalogue.json()).unwrap();
    let both = [
        (Naming::Prometheus, TraceStore::Tempo),
        (Naming::OpenTelemetry, TraceStore::Jaeger),
    ];
    let both = both.map(|(naming, traces)| {
        let mut options = Options::default();
        options.naming = naming;
        options.data_sources.traces = traces;
        let stack = Stack::new([Service::new("checkout", catalogue.clone())], options);
        stack.unwrap().render()
    });
    let files = both.iter().flat_map(radiosonde_stack::Tree::files);
    let boards = files.filter(|(path, _)| path.starts_with("grafana/dashboards/"));
    boards.map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn every_board_has_the_types_of_the_schema() {
    let boards = boards();
    check_types(boards.iter().map(String::as_str)).unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn every_board_comes_back_from_the_sdk_as_it_went_in() {
    for board in boards() {
        assert_eq!(round_trip(&board), Vec::<String>::new());
    }
}
