//! What users notice: how many requests there are, how many fail, and how long they take.

use radiosonde_catalog::{
    HTTP_CONNECTION_DURATION, HTTP_CONNECTIONS_ACCEPTED, HTTP_CONNECTIONS_FAILED, HTTP_ERRORS,
    HTTP_OPEN_CONNECTIONS, HTTP_REQUEST_DURATION, HTTP_REQUESTS, HTTP_STREAM_DURATION, Metric,
};

use crate::grafana::boards::parts::{
    FAILED, heat_map, percentile_by, percentiles, rate_by, rate_by_outcome, share_by, share_of,
};
use crate::grafana::color::{Color, Thresholds};
use crate::grafana::dashboard::Row;
use crate::grafana::panel::{Link, Panel};
use crate::grafana::query::{Query, max, only, quantile, sum, total_rate};
use crate::grafana::records::{
    P50, P95, P99, P999, ROUTE_ERROR_RATIO, ROUTE_P50, ROUTE_P95, ROUTE_P99, ROUTE_P999,
    ROUTE_REQUESTS,
};
use crate::grafana::unit::Unit;

pub(super) fn rows() -> [Row; 5] {
    [rate(), errors(), latency(), routes(), connections()]
}

fn rate() -> Row {
    let requests = |title, description| Panel::areas(title, description, Unit::Requests);
    let by_route = Query::new(total_rate("route", HTTP_REQUESTS.name()), "{{route}}");
    let by_status = requests(
        "Requests by status",
        "Requests that ended, by the first digit of their status.",
    );
    let by_status = STATUSES
        .iter()
        .fold(by_status, |panel, (class, matchers, _)| {
            let expression = total_rate("", &only(&HTTP_REQUESTS, matchers));
            panel.query(Query::new(expression, class))
        });
    let colors: Vec<_> = STATUSES
        .iter()
        .map(|(class, _, color)| (*class, *color))
        .collect();
    Row::new(
        "Rate",
        [
            requests(
                "Requests by route",
                "Requests that ended, by the route that matched; without a name, none did.",
            )
            .query(by_route)
            .link(Link::TracesOfRoute),
            by_status.colors(&colors),
            rate_by_outcome(
                "Requests by outcome",
                "Requests that ended, by how: a cancelled one was given up by its client.",
                &HTTP_REQUESTS,
            ),
        ],
    )
}

fn errors() -> Row {
    Row::new(
        "Errors",
        [
            Panel::lines(
                "Error ratio",
                "Share of the requests that failed on the side of the service, and of those that it refused.",
                Unit::Ratio,
            )
            .query(Query::new(share_of("", &HTTP_REQUESTS, FAILED), "failed"))
            .query(Query::new(share_of("", &HTTP_REQUESTS, r#"status=~"4..""#), "refused"))
            .colors(&[("failed", Color::Red), ("refused", Color::Orange)])
            .link(Link::ErrorLogs),
            share_by(
                "route",
                "Error ratio by route",
                "Share of the requests of each route that failed on the side of the service.",
                &HTTP_REQUESTS,
                FAILED,
            )
            .link(Link::FailedTracesOfRoute),
            rate_by(
                "error_type",
                "Errors by type",
                "Failed requests, by status, or by what happened where there was none.",
                &HTTP_ERRORS,
            )
            .link(Link::ErrorLogs),
        ],
    )
}

fn latency() -> Row {
    Row::new(
        "Latency",
        [
            percentiles(
                "Time of requests",
                "From the arrival of a request to the end of its response.",
                &HTTP_REQUEST_DURATION,
            )
            .size(12, 8),
            percentiles_of_all().size(12, 8),
            percentile_by(
                "route",
                "0.95",
                "p95 by route",
                "The slowest 5 % of the requests of each route take at least as long.",
                &HTTP_REQUEST_DURATION,
            )
            .link(Link::TracesOfRoute)
            .size(12, 8),
            percentile_by(
                "route",
                "0.99",
                "p99 by route",
                "The slowest 1 % of the requests of each route take at least as long.",
                &HTTP_REQUEST_DURATION,
            )
            .link(Link::TracesOfRoute)
            .size(12, 8),
            heat_map(
                "Distribution of time",
                "How many requests took how long. Each diamond is a trace.",
                &HTTP_REQUEST_DURATION,
            )
            .size(24, 9),
        ],
    )
}

/// What the rules recorded, whichever instances are chosen: of that alerts speak.
fn percentiles_of_all() -> Panel {
    let panel = Panel::lines(
        "Time of requests to all instances",
        "The same of the whole service, over the last five minutes, as the alerts see it.",
        Unit::Seconds,
    );
    let percentiles = [(P50, "p50"), (P95, "p95"), (P99, "p99"), (P999, "p99.9")];
    percentiles.iter().fold(panel, |panel, (series, name)| {
        panel.query(Query::recorded(format!("max({series})"), name))
    })
}

/// Every route beside the others.
fn routes() -> Row {
    let table = Panel::table(
        "Routes",
        "Every route of the whole service, over the last five minutes, as the alerts see it.",
        &[("route", "Route")],
    );
    let columns = [
        (
            "Requests",
            Unit::Requests,
            Thresholds::none(),
            ROUTE_REQUESTS,
        ),
        (
            "Errors",
            Unit::Ratio,
            Thresholds::high(0.01, 0.05),
            ROUTE_ERROR_RATIO,
        ),
        ("p50", Unit::Seconds, Thresholds::none(), ROUTE_P50),
        ("p95", Unit::Seconds, Thresholds::high(1.0, 2.0), ROUTE_P95),
        ("p99", Unit::Seconds, Thresholds::none(), ROUTE_P99),
        ("p99.9", Unit::Seconds, Thresholds::none(), ROUTE_P999),
    ];
    let table = columns
        .into_iter()
        .fold(table, |table, (title, unit, thresholds, series)| {
            let query = Query::recorded(max("route", series), "");
            table.column(title, unit, thresholds, query)
        });
    Row::new("Routes", [table])
}

fn connections() -> Row {
    let rate = |metric: &Metric| total_rate("", metric.name());
    let lifetime = |share: &str, metric: &Metric| quantile(share, "", metric.name());
    Row::new(
        "Connections and streams",
        [
            Panel::lines(
                "New connections",
                "Connections that were accepted, and those that could not be.",
                Unit::PerSecond,
            )
            .query(Query::new(rate(&HTTP_CONNECTIONS_ACCEPTED), "accepted"))
            .query(Query::new(rate(&HTTP_CONNECTIONS_FAILED), "failed"))
            .colors(&[("failed", Color::Red)]),
            Panel::lines(
                "Open connections",
                "Connections that are open, by instance.",
                Unit::Count,
            )
            .query(Query::new(
                sum("instance", HTTP_OPEN_CONNECTIONS.name()),
                "{{instance}}",
            )),
            Panel::lines(
                "Lifetimes",
                "How long connections and streams last: half of them longer.",
                Unit::Seconds,
            )
            .query(Query::new(
                lifetime("0.5", &HTTP_CONNECTION_DURATION),
                "connections",
            ))
            .query(Query::new(
                lifetime("0.5", &HTTP_STREAM_DURATION),
                "streams",
            )),
        ],
    )
}

/// The classes of status codes, and their colours.
const STATUSES: &[(&str, &str, Color)] = &[
    ("2xx", r#"status=~"2..""#, Color::Green),
    ("3xx", r#"status=~"3..""#, Color::Blue),
    ("4xx", r#"status=~"4..""#, Color::Orange),
    ("5xx", r#"status=~"5..""#, Color::Red),
];
