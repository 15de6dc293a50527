//! Calls of gRPC: those that the service answers, and those that it makes.

use radiosonde_catalog::{
    RPC_ACTIVE_REQUESTS, RPC_CLIENT_ERRORS, RPC_CLIENT_REQUEST_DURATION, RPC_CLIENT_REQUESTS,
    RPC_ERRORS, RPC_REQUEST_DURATION, RPC_REQUESTS, RPC_STREAM_DURATION,
};

use crate::grafana::boards::parts::{
    FAILED, heat_map, percentile_by, percentiles, rate_by, rate_by_outcome, share_by,
};
use crate::grafana::color::Thresholds;
use crate::grafana::dashboard::Row;
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, max, quantile, sum};
use crate::grafana::records::{
    METHOD_ERROR_RATIO, METHOD_P50, METHOD_P95, METHOD_P99, METHOD_P999, METHOD_REQUESTS, RPC_P50,
    RPC_P95, RPC_P99, RPC_P999,
};
use crate::grafana::unit::Unit;

pub(super) fn rows() -> [Row; 3] {
    [answered(), methods(), called()]
}

fn answered() -> Row {
    Row::new(
        "gRPC",
        [
            rate_by(
                "rpc_method",
                "gRPC calls by method",
                "Calls that ended, by their method; those of no known one are together.",
                &RPC_REQUESTS,
            ),
            rate_by_outcome(
                "gRPC calls by outcome",
                "Calls that ended, by how: a cancelled one was given up by its caller.",
                &RPC_REQUESTS,
            ),
            rate_by(
                "rpc_status",
                "gRPC calls by status",
                "Calls that ended, by the code that they were answered with.",
                &RPC_REQUESTS,
            ),
            share_by(
                "rpc_method",
                "gRPC error ratio by method",
                "Share of the calls of each method that failed on the side of the service.",
                &RPC_REQUESTS,
                FAILED,
            ),
            rate_by(
                "error_type",
                "gRPC errors by type",
                "Failed calls, by their code, or by what happened where there was none.",
                &RPC_ERRORS,
            ),
            Panel::lines(
                "gRPC calls in flight",
                "Calls that arrived and have not ended, by instance.",
                Unit::Count,
            )
            .query(Query::new(
                sum("instance", RPC_ACTIVE_REQUESTS.name()),
                "{{instance}}",
            )),
            percentiles(
                "Time of gRPC calls",
                "From the arrival of a call to the end of its response; of streams, to the head.",
                &RPC_REQUEST_DURATION,
            ),
            percentile_by(
                "rpc_method",
                "0.95",
                "gRPC p95 by method",
                "The slowest 5 % of the calls of each method take at least as long.",
                &RPC_REQUEST_DURATION,
            ),
            percentiles_of_all(),
            Panel::lines(
                "Lifetimes of gRPC streams",
                "How long streams last that calls are answered by: half of them longer.",
                Unit::Seconds,
            )
            .query(Query::new(
                quantile("0.5", "rpc_method", RPC_STREAM_DURATION.name()),
                "{{rpc_method}}",
            )),
            heat_map(
                "Distribution of the time of gRPC calls",
                "How many calls took how long. Each diamond is a trace.",
                &RPC_REQUEST_DURATION,
            )
            .size(16, 8),
        ],
    )
}

/// What the rules recorded, whichever instances are chosen: of that alerts speak.
fn percentiles_of_all() -> Panel {
    let panel = Panel::lines(
        "Time of gRPC calls to all instances",
        "The same of the whole service, over the last five minutes, as the alerts see it.",
        Unit::Seconds,
    );
    let percentiles = [
        (RPC_P50, "p50"),
        (RPC_P95, "p95"),
        (RPC_P99, "p99"),
        (RPC_P999, "p99.9"),
    ];
    percentiles.iter().fold(panel, |panel, (series, name)| {
        panel.query(Query::recorded(format!("max({series})"), name))
    })
}

/// Every method beside the others.
fn methods() -> Row {
    let table = Panel::table(
        "gRPC methods",
        "Every method of the whole service, over the last five minutes, as the alerts see it.",
        &[("rpc_method", "Method")],
    );
    let errors = Thresholds::high(0.01, 0.05);
    let slow = Thresholds::high(1.0, 2.0);
    let columns = [
        ("Calls", Unit::Requests, Thresholds::none(), METHOD_REQUESTS),
        ("Errors", Unit::Ratio, errors, METHOD_ERROR_RATIO),
        ("p50", Unit::Seconds, Thresholds::none(), METHOD_P50),
        ("p95", Unit::Seconds, slow, METHOD_P95),
        ("p99", Unit::Seconds, Thresholds::none(), METHOD_P99),
        ("p99.9", Unit::Seconds, Thresholds::none(), METHOD_P999),
    ];
    let table = columns
        .into_iter()
        .fold(table, |table, (title, unit, thresholds, series)| {
            let query = Query::recorded(max("rpc_method", series), "");
            table.column(title, unit, thresholds, query)
        });
    Row::new("gRPC methods", [table])
}

fn called() -> Row {
    Row::new(
        "gRPC dependencies",
        [
            rate_by(
                "server",
                "Outgoing gRPC calls by server",
                "Outgoing calls that ended, by the server that was called.",
                &RPC_CLIENT_REQUESTS,
            ),
            share_by(
                "server",
                "Outgoing gRPC error ratio by server",
                "Share of the outgoing calls that failed, on whichever side.",
                &RPC_CLIENT_REQUESTS,
                FAILED,
            ),
            percentile_by(
                "server",
                "0.95",
                "Outgoing gRPC p95 by server",
                "The slowest 5 % of the calls to each server take at least as long.",
                &RPC_CLIENT_REQUEST_DURATION,
            ),
            rate_by(
                "error_type",
                "Failed outgoing gRPC calls by type",
                "Outgoing calls that failed, by their code, or by what happened where there was none.",
                &RPC_CLIENT_ERRORS,
            )
            .size(24, 8),
        ],
    )
}
