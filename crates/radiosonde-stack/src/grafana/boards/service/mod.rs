//! The board of one service: from what its users notice down to what it runs on.

mod dependencies;
mod grpc;
mod health;
mod objectives;
mod requests;
mod resources;
mod telemetry;

use radiosonde_catalog::{
    HTTP_ACTIVE_CONNECTIONS, HTTP_REQUEST_DURATION, HTTP_REQUESTS, PROCESS_START_TIME,
};

use super::parts::{FAILED, share_of};
use crate::Naming;
use crate::grafana::color::Thresholds;
use crate::grafana::dashboard::{Dashboard, Row};
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, quantile, sum, total_rate};
use crate::grafana::unit::Unit;

/// Returns the board; with a row about objectives where services have any, and rows about gRPC where one speaks it.
pub(crate) fn service(naming: Naming, has_objectives: bool, has_grpc: bool) -> Dashboard {
    Dashboard::new(
        "service",
        "Service",
        "One service: its requests, what they need, and how well it is watched.",
    )
    .row(now())
    .rows(has_objectives.then(objectives::row))
    .rows(requests::rows())
    .rows(has_grpc.then(grpc::rows).into_iter().flatten())
    .rows(resources::rows())
    .row(dependencies::row())
    .row(health::row())
    .row(telemetry::row(naming))
}

fn now() -> Row {
    let requests = total_rate("", HTTP_REQUESTS.name());
    let slowest = quantile("0.95", "", HTTP_REQUEST_DURATION.name());
    let start = PROCESS_START_TIME.name();
    Row::new(
        "Now",
        [
            Panel::number(
                "Requests",
                "Requests that ended, per second.",
                Unit::Requests,
            )
            .query(Query::new(requests, "requests")),
            Panel::number(
                "Errors",
                "Share of the requests that failed on the side of the service.",
                Unit::Ratio,
            )
            .query(Query::new(share_of("", &HTTP_REQUESTS, FAILED), "errors"))
            .thresholds(Thresholds::high(0.01, 0.05)),
            Panel::number(
                "Slowest 5 %",
                "How long the fastest of the slowest 5 % of the requests took.",
                Unit::Seconds,
            )
            .query(Query::new(slowest, "p95"))
            .thresholds(Thresholds::high(1.0, 2.0)),
            Panel::number(
                "In flight",
                "Requests that arrived and have not ended.",
                Unit::Count,
            )
            .query(Query::new(
                sum("", HTTP_ACTIVE_CONNECTIONS.name()),
                "in flight",
            )),
            Panel::number("Instances", "Instances that report.", Unit::Count)
                .query(Query::new(format!("count({start})"), "instances")),
            Panel::number(
                "Youngest instance",
                "Time since the last start of an instance.",
                Unit::Seconds,
            )
            .query(Query::new(format!("time() - max({start})"), "uptime")),
        ],
    )
}
