//! What Grafana reads: dashboards, and where their data comes from.
//!
//! A *dashboard* has rows, a row has *panels*, and a panel asks *queries*. The boards are data, written once in the default
//! spelling; [`json`] alone knows how Grafana has it, and puts in which services are meant.

mod boards;
mod color;
mod dashboard;
#[cfg(test)]
mod example;
mod json;
mod layout;
mod panel;
mod provisioning;
mod query;
mod records;
#[cfg(test)]
mod style;
mod unit;

use radiosonde_catalog::{
    AUTHENTICATION_ATTEMPTS, CACHE_HITS, CERTIFICATE_EXPIRY, CONNECTION_POOL_CONNECTIONS_MAX,
    JOB_RUNS, MESSAGES_PROCESSED, Metric, QUEUE_DEPTH, RPC_ACTIVE_REQUESTS, RPC_CLIENT_REQUESTS,
    RPC_REQUESTS,
};

pub use self::provisioning::{DataSources, TraceStore};

use self::dashboard::Dashboard;
use crate::gaps::natives;
use crate::{DeclaredBy, Naming, Origin, Service, ServiceMetric, Stack, Target, Tree};

/// Writes the dashboards and what Grafana needs to find them.
pub(crate) fn write(stack: &Stack, tree: &mut Tree) {
    let options = stack.options();
    let natives = stack.services().iter().flat_map(natives);
    let natives = natives.filter(|_| options.target == Target::Prometheus3);
    let scope = json::Scope::new(options.naming)
        .with_traces(options.data_sources.traces)
        .with_natives(natives.map(|metric| metric.name.as_str()));
    let services: Vec<_> = stack.services().iter().collect();
    let mut add = |board: &Dashboard, origin: &Origin| {
        let text = json::dashboard(board, origin, &scope);
        tree.add(
            format!("grafana/dashboards/{}.json", board.name),
            origin,
            &text,
        );
    };
    for board in about_all(&services, options.naming) {
        add(&board, &stack.origin());
    }
    for service in services {
        let own: Vec<_> = own_metrics(service).collect();
        if !own.is_empty() {
            let board = boards::declared(service.name(), &own, options);
            add(&board, &service.origin());
        }
    }
    provisioning::write(options, &stack.origin(), tree);
}

/// Returns the path of the board about a service, or about all, below the address of Grafana.
pub(crate) fn board_path(service: Option<&Service>) -> String {
    match service {
        Some(service) => format!("{}?var-job={}", json::path("service"), service.name()),
        None => json::path("overview"),
    }
}

/// Returns the boards on which services can be chosen: what at least one of them has, has a board.
fn about_all(services: &[&Service], naming: Naming) -> Vec<Dashboard> {
    let catalogues = || services.iter().map(|service| service.catalogue());
    let has_objectives = catalogues().any(|catalogue| catalogue.objectives.iter().next().is_some());
    let is_used = |metric: &Metric| {
        let mut found = catalogues().filter_map(|catalogue| catalogue.metric(metric.name()));
        found.any(|metric| metric.in_use)
    };
    let common = [
        boards::overview(has_objectives),
        boards::service(
            naming,
            has_objectives,
            GRPC.iter().any(|metric| is_used(metric)),
        ),
    ];
    let used = INSTRUMENTS
        .iter()
        .filter(|instrument| is_used(instrument.metric));
    let used = used.map(|instrument| (instrument.board)());
    common.into_iter().chain(used).collect()
}

fn own_metrics(service: &Service) -> impl Iterator<Item = &ServiceMetric> {
    let metrics = service.catalogue().metrics.iter();
    metrics.filter(|metric| metric.declared_by == DeclaredBy::Service)
}

/// A standard instrument.
struct Instrument {
    /// A metric that it has from the start.
    metric: &'static Metric,
    board: fn() -> Dashboard,
}

/// What a service that speaks gRPC has: the first one from its start, the others once there were calls.
const GRPC: [&Metric; 3] = [&RPC_ACTIVE_REQUESTS, &RPC_REQUESTS, &RPC_CLIENT_REQUESTS];

const INSTRUMENTS: &[Instrument] = &[
    instrument(&MESSAGES_PROCESSED, boards::messages),
    instrument(&CACHE_HITS, boards::caches),
    instrument(&CONNECTION_POOL_CONNECTIONS_MAX, boards::connection_pools),
    instrument(&QUEUE_DEPTH, boards::queues),
    instrument(&JOB_RUNS, boards::jobs),
    instrument(&AUTHENTICATION_ATTEMPTS, boards::authentication),
    instrument(&CERTIFICATE_EXPIRY, boards::certificates),
];

const fn instrument(metric: &'static Metric, board: fn() -> Dashboard) -> Instrument {
    Instrument { metric, board }
}
