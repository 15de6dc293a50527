//! All services beside each other: which of them needs a look.
//!
//! It reads what the rules recorded of whole services, so that it stays quick with many of them.

use radiosonde_catalog::{PROCESS_CPU_SECONDS, PROCESS_RESIDENT_MEMORY, PROCESS_START_TIME};

use crate::grafana::color::Thresholds;
use crate::grafana::dashboard::{Dashboard, Row, Start};
use crate::grafana::panel::{Link, Panel};
use crate::grafana::query::{Query, sum, total_rate};
use crate::grafana::records::{ERROR_BUDGET_REMAINING, ERROR_RATIO, ERRORS, P95, REQUESTS};
use crate::grafana::unit::Unit;

/// Returns the board; with what is left of error budgets where services have objectives.
pub(crate) fn overview(has_objectives: bool) -> Dashboard {
    Dashboard::new(
        "overview",
        "Services",
        "All services beside each other: which of them needs a look.",
    )
    .start(Start::AllServices)
    .row(Row::new("Now", now(has_objectives)))
    .row(Row::new("Services", [table(has_objectives)]))
    .row(Row::new("Requests", requests()))
    .row(Row::new("Resources", resources()))
}

fn now(has_objectives: bool) -> Vec<Panel> {
    let start = PROCESS_START_TIME.name();
    let errors = format!("sum({ERRORS}) / (sum({REQUESTS}) > 0)");
    let mut panels = vec![
        Panel::number(
            "Services",
            "Services of which an instance reports.",
            Unit::Count,
        )
        .query(Query::new(
            format!("count(count by (job) ({start}))"),
            "services",
        )),
        Panel::number("Instances", "Instances that report.", Unit::Count)
            .query(Query::new(format!("count({start})"), "instances")),
        Panel::number(
            "Requests",
            "Requests that ended, per second.",
            Unit::Requests,
        )
        .query(Query::recorded(sum("", REQUESTS), "requests")),
        Panel::number(
            "Errors",
            "Share of the requests that failed on the side of a service.",
            Unit::Ratio,
        )
        .query(Query::recorded(errors, "errors"))
        .thresholds(Thresholds::high(0.01, 0.05)),
        Panel::number("Slowest", "p95 of the slowest service.", Unit::Seconds)
            .query(Query::recorded(format!("max({P95})"), "p95"))
            .thresholds(Thresholds::high(1.0, 2.0)),
    ];
    let last = if has_objectives {
        Panel::number(
            "Least budget left",
            "Share of the error budget that is left of the objective that has least.",
            Unit::Ratio,
        )
        .query(Query::recorded(
            format!("min({ERROR_BUDGET_REMAINING})"),
            "left",
        ))
        .thresholds(Thresholds::low(0.0, 0.25))
    } else {
        Panel::number(
            "Youngest instance",
            "Time since the last start of an instance.",
            Unit::Seconds,
        )
        .query(Query::new(format!("time() - max({start})"), "uptime"))
    };
    panels.push(last);
    panels
}

fn table(has_objectives: bool) -> Panel {
    let by_job = |expression: String| Query::new(expression, "");
    let recorded = |expression: String| Query::recorded(expression, "");
    let start = PROCESS_START_TIME.name();
    let table = Panel::table(
        "All services",
        "One line for each service; its name leads to its board.",
        &[("job", "Service")],
    )
    .column(
        "Instances",
        Unit::Count,
        Thresholds::none(),
        by_job(format!("count by (job) ({start})")),
    )
    .column(
        "Requests",
        Unit::Requests,
        Thresholds::none(),
        recorded(sum("job", REQUESTS)),
    )
    .column(
        "Errors",
        Unit::Ratio,
        Thresholds::high(0.01, 0.05),
        recorded(format!("max by (job) ({ERROR_RATIO})")),
    )
    .column(
        "p95",
        Unit::Seconds,
        Thresholds::high(1.0, 2.0),
        recorded(format!("max by (job) ({P95})")),
    )
    .column(
        "Processors",
        Unit::Count,
        Thresholds::none(),
        by_job(total_rate("job", PROCESS_CPU_SECONDS.name())),
    )
    .column(
        "Memory",
        Unit::Bytes,
        Thresholds::none(),
        by_job(sum("job", PROCESS_RESIDENT_MEMORY.name())),
    )
    .link(Link::Service);
    if !has_objectives {
        return table;
    }
    let left = format!("min by (job) ({ERROR_BUDGET_REMAINING})");
    table.column(
        "Budget left",
        Unit::Ratio,
        Thresholds::low(0.0, 0.25),
        recorded(left),
    )
}

fn requests() -> [Panel; 3] {
    let by_job = |expression: String| Query::recorded(expression, "{{job}}");
    [
        Panel::lines(
            "Requests by service",
            "Requests that ended, per second.",
            Unit::Requests,
        )
        .query(by_job(sum("job", REQUESTS))),
        Panel::lines(
            "Error ratio by service",
            "Share of the requests that failed on the side of the service.",
            Unit::Ratio,
        )
        .query(by_job(format!("max by (job) ({ERROR_RATIO})"))),
        Panel::lines(
            "p95 by service",
            "The slowest 5 % of the requests of each service take at least as long.",
            Unit::Seconds,
        )
        .query(by_job(format!("max by (job) ({P95})"))),
    ]
}

fn resources() -> [Panel; 3] {
    let by_job = |expression: String| Query::new(expression, "{{job}}");
    let starts = format!(
        "sum by (job) (changes({}[$__rate_interval]))",
        PROCESS_START_TIME.name()
    );
    [
        Panel::lines(
            "Processors by service",
            "Processors that each service keeps busy.",
            Unit::Count,
        )
        .query(by_job(total_rate("job", PROCESS_CPU_SECONDS.name()))),
        Panel::lines(
            "Memory by service",
            "Memory of each service that is in RAM.",
            Unit::Bytes,
        )
        .query(by_job(sum("job", PROCESS_RESIDENT_MEMORY.name()))),
        Panel::lines(
            "Restarts by service",
            "Instances that started again.",
            Unit::Count,
        )
        .query(by_job(starts)),
    ]
}
