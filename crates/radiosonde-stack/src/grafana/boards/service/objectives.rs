//! How much of what was promised is left.

use radiosonde_catalog::{SLO_BURN_RATE, SLO_ERROR_BUDGET_REMAINING, SLO_EXHAUSTED_IN};

use crate::grafana::color::Thresholds;
use crate::grafana::dashboard::Row;
use crate::grafana::panel::Panel;
use crate::grafana::query::Query;
use crate::grafana::records::{
    CURRENT_BURN_RATE, ERROR_BUDGET, ERROR_BUDGET_REMAINING, EXHAUSTED_IN, OBJECTIVE,
    PERIOD_ERROR_RATIO,
};
use crate::grafana::unit::Unit;

pub(super) fn row() -> Row {
    Row::new(
        "Objectives",
        [
            promises(),
            left(),
            left_over_time(),
            burn_rate(),
            in_process(),
            lasts_in_process(),
            by_window(),
        ],
    )
}

fn promises() -> Panel {
    let recorded = |expression: String| Query::recorded(expression, "");
    let kept = format!("1 - max by (slo) ({PERIOD_ERROR_RATIO})");
    Panel::table(
        "Promises",
        "What is promised, and what is kept of it over the period.",
        &[("slo", "Objective")],
    )
    .column(
        "Promised",
        Unit::Ratio,
        Thresholds::none(),
        recorded(format!("max by (slo) ({OBJECTIVE})")),
    )
    .column("Kept", Unit::Ratio, Thresholds::none(), recorded(kept))
    .column(
        "Budget",
        Unit::Ratio,
        Thresholds::none(),
        recorded(format!("max by (slo) ({ERROR_BUDGET})")),
    )
    .column(
        "Budget left",
        Unit::Ratio,
        budget(),
        recorded(format!("min by (slo) ({ERROR_BUDGET_REMAINING})")),
    )
    .column(
        "Burn rate",
        Unit::Count,
        Thresholds::high(1.0, 6.0),
        recorded(format!("max by (slo) ({CURRENT_BURN_RATE})")),
    )
    .column(
        "Lasts",
        Unit::Seconds,
        Thresholds::low(DAY, 3.0 * DAY),
        recorded(format!("min by (slo) ({EXHAUSTED_IN})")),
    )
    .size(24, 6)
}

fn left() -> Panel {
    Panel::bars(
        "Error budget",
        "Share of the error budget of the period that is left.",
        Unit::Ratio,
    )
    .query(least(ERROR_BUDGET_REMAINING))
    .thresholds(budget())
}

fn left_over_time() -> Panel {
    Panel::lines(
        "Error budget over time",
        "Share of the error budget of the period that is left; below 0, the promise is broken.",
        Unit::Ratio,
    )
    .query(least(ERROR_BUDGET_REMAINING))
}

fn burn_rate() -> Panel {
    Panel::lines(
        "Burn rate",
        "How quickly the error budget was spent in the last hour: at 1, it lasts exactly for the period.",
        Unit::Count,
    )
    .query(Query::recorded(format!("max by (slo) ({CURRENT_BURN_RATE})"), "{{slo}}"))
}

/// What the instances say themselves, which needs no rules.
fn in_process() -> Panel {
    let left = format!(
        "min by (slo, instance) ({})",
        SLO_ERROR_BUDGET_REMAINING.name()
    );
    Panel::lines(
        "Error budget of instances",
        "Share of its error budget that each instance has left, by its own count.",
        Unit::Ratio,
    )
    .query(Query::new(left, "{{slo}} {{instance}}"))
}

/// What takes longer than the period is endless to the instance, and no line.
fn lasts_in_process() -> Panel {
    let lasts = format!("min by (slo, instance) ({} < Inf)", SLO_EXHAUSTED_IN.name());
    Panel::lines(
        "Budget of instances lasts",
        "How long the error budget of each instance lasts when requests go on failing as in the last hour; no line when it is \
         longer than the period.",
        Unit::Seconds,
    )
    .query(Query::new(lasts, "{{slo}} {{instance}}"))
}

fn by_window() -> Panel {
    let rates = format!("max by (slo, window) ({})", SLO_BURN_RATE.name());
    Panel::lines(
        "Burn rate by window",
        "The largest burn rate that an instance counts, in each window.",
        Unit::Count,
    )
    .query(Query::new(rates, "{{slo}} {{window}}"))
}

fn least(expression: &str) -> Query {
    Query::recorded(format!("min by (slo) ({expression})"), "{{slo}}")
}

fn budget() -> Thresholds {
    Thresholds::low(0.0, 0.25)
}

/// In seconds.
const DAY: f64 = 86_400.0;
