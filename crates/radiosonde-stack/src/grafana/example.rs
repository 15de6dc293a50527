//! A service with everything that a board can be about.

use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_catalog::{Catalogue, METRICS, Metric, Unit};

use crate::ServiceCatalogue;

/// Returns its catalogue.
pub(crate) fn catalogue() -> ServiceCatalogue {
    let metrics = METRICS.iter().copied().chain(OWN);
    let objectives = Objectives::new([Objective::availability("api", 99.9)]).unwrap();
    let catalogue = Catalogue::of(metrics)
        .with_service("checkout")
        .with_in_use(METRICS.iter().map(|metric| metric.name()))
        .with_objectives(objectives);
    ServiceCatalogue::from_json(&catalogue.json()).unwrap()
}

/// What it measures of its own.
pub(crate) const OWN: [&Metric; 4] = [&PAID, &BACKLOG, &DELIVERY, &LOAD];

const PAID: Metric = Metric::counter("orders_paid_total")
    .with_labels(&["payment"])
    .with_help("Orders that were paid.");
const BACKLOG: Metric = Metric::gauge("orders_backlog")
    .with_labels(&["region"])
    .with_otel_labels(&["cloud.region"]);
const DELIVERY: Metric = Metric::histogram("orders_delivery_seconds", &[60.0, 3600.0])
    .with_unit(Unit::Seconds)
    .with_labels(&["region"])
    .with_help("Time from payment to delivery, in seconds.");
const LOAD: Metric = Metric::gauge("belt_load_ratio").with_unit(Unit::Ratio);
