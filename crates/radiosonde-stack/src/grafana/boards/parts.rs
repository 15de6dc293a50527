//! Panels that several boards have, each about another metric.

use radiosonde_catalog::Metric;

use crate::grafana::color::Color;
use crate::grafana::panel::Panel;
use crate::grafana::query::{Query, buckets, quantile, share, total_rate};
use crate::grafana::unit::Unit;

/// Draws the median and the slow end of a histogram of durations.
pub(super) fn percentiles(title: &str, description: &str, histogram: &Metric) -> Panel {
    let panel = Panel::lines(title, description, Unit::of(histogram.unit()));
    PERCENTILES.iter().fold(panel, |panel, (share, name)| {
        panel.query(Query::new(quantile(share, "", histogram.name()), name))
    })
}

/// Draws one percentile of a histogram for each value of a label.
pub(super) fn percentile_by(
    label: &str,
    share: &str,
    title: &str,
    description: &str,
    histogram: &Metric,
) -> Panel {
    let expression = quantile(share, label, histogram.name());
    Panel::lines(title, description, Unit::of(histogram.unit()))
        .query(Query::new(expression, &format!("{{{{{label}}}}}")))
}

/// Draws how the values of a histogram are distributed, with the traces behind them.
pub(super) fn heat_map(title: &str, description: &str, histogram: &Metric) -> Panel {
    Panel::heat_map(title, description, Unit::of(histogram.unit()))
        .query(Query::new(buckets(histogram.name()), "{{le}}").with_exemplars())
}

/// Draws the rate of a counter for each value of a label.
pub(super) fn rate_by(label: &str, title: &str, description: &str, counter: &Metric) -> Panel {
    let unit = Unit::of(counter.unit()).per_second();
    Panel::lines(title, description, unit).query(rate_query(label, counter))
}

/// Draws the rate of a counter for each outcome, on top of each other and in the colours of outcomes.
pub(super) fn rate_by_outcome(title: &str, description: &str, counter: &Metric) -> Panel {
    let unit = Unit::of(counter.unit()).per_second();
    Panel::areas(title, description, unit)
        .query(rate_query("outcome", counter))
        .colors(OUTCOMES)
}

/// Draws the share of a counter that these matchers fit, for each value of a label.
pub(super) fn share_by(
    label: &str,
    title: &str,
    description: &str,
    counter: &Metric,
    matchers: &str,
) -> Panel {
    let expression = share_of(label, counter, matchers);
    Panel::lines(title, description, Unit::Ratio)
        .query(Query::new(expression, &format!("{{{{{label}}}}}")))
}

/// The share of a counter that these matchers fit, for each combination of these labels.
pub(super) fn share_of(by: &str, counter: &Metric, matchers: &str) -> String {
    let part = total_rate(by, &format!("{}{{{matchers}}}", counter.name()));
    share(&part, &total_rate(by, counter.name()))
}

fn rate_query(label: &str, counter: &Metric) -> Query {
    Query::new(
        total_rate(label, counter.name()),
        &format!("{{{{{label}}}}}"),
    )
}

/// What counts as an error among outcomes.
pub(super) const FAILED: &str = r#"outcome=~"error|panicked""#;

/// The percentiles that are drawn, and their names.
pub(super) const PERCENTILES: &[(&str, &str)] = &[
    ("0.5", "p50"),
    ("0.95", "p95"),
    ("0.99", "p99"),
    ("0.999", "p99.9"),
];

/// The colours of outcomes.
pub(super) const OUTCOMES: &[(&str, Color)] = &[
    ("ok", Color::Green),
    ("error", Color::Red),
    ("panicked", Color::Purple),
    ("cancelled", Color::Yellow),
    ("refused", Color::Orange),
    ("upgraded", Color::Blue),
];
