//! What the service calls.

use radiosonde_catalog::{
    HTTP_CLIENT_ACTIVE_REQUESTS, HTTP_CLIENT_ERRORS, HTTP_CLIENT_REQUEST_DURATION,
    HTTP_CLIENT_REQUESTS,
};

use crate::grafana::boards::parts::{FAILED, heat_map, percentile_by, rate_by, share_by};
use crate::grafana::dashboard::Row;
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, sum};
use crate::grafana::unit::Unit;

pub(super) fn row() -> Row {
    Row::new(
        "Dependencies",
        [
            rate_by(
                "server",
                "Calls by server",
                "Outgoing requests that ended, by the server that was called.",
                &HTTP_CLIENT_REQUESTS,
            ),
            share_by(
                "server",
                "Error ratio by server",
                "Share of the outgoing requests that failed, on whichever side.",
                &HTTP_CLIENT_REQUESTS,
                FAILED,
            ),
            percentile_by(
                "server",
                "0.95",
                "p95 by server",
                "The slowest 5 % of the calls to each server take at least as long.",
                &HTTP_CLIENT_REQUEST_DURATION,
            ),
            rate_by(
                "error_type",
                "Failed calls by type",
                "Outgoing requests that failed, by status, or by what happened where there was none.",
                &HTTP_CLIENT_ERRORS,
            ),
            Panel::lines(
                "Calls in flight",
                "Outgoing requests that were made and have not ended.",
                Unit::Count,
            )
            .query(Query::new(
                sum("server", HTTP_CLIENT_ACTIVE_REQUESTS.name()),
                "{{server}}",
            )),
            heat_map(
                "Distribution of calls",
                "How many calls took how long. Each diamond is a trace.",
                &HTTP_CLIENT_REQUEST_DURATION,
            ),
        ],
    )
}
