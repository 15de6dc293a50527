//! Whether what is shown can be believed: what the service tells of itself, and what of that was lost.

use radiosonde_catalog::{
    BUILD_INFO, ERROR_EVENTS_CAPTURED, ERROR_EVENTS_DROPPED, ERROR_EVENTS_FAILED,
    ERROR_EVENTS_SENT, LOG_LINES, LOG_LINES_LOST, LOG_RECORDS_DROPPED, LOG_RECORDS_ENDED,
    LOG_RECORDS_FAILED, LOG_RECORDS_SENT, METRIC_POINTS_COLLECTED, METRIC_POINTS_DROPPED,
    METRIC_POINTS_FAILED, METRIC_POINTS_SENT, METRICS_OVERFLOWED, METRICS_REFUSED, Metric, SERIES,
    SPANS_DROPPED, SPANS_ENDED, SPANS_FAILED, SPANS_SENT,
};

use crate::Naming;
use crate::grafana::color::{Color, Thresholds};
use crate::grafana::dashboard::Row;
use crate::grafana::panel::{Panel, State};
use crate::grafana::query::{Query, max, sum, total_rate};
use crate::grafana::unit::Unit;

pub(super) fn row(naming: Naming) -> Row {
    // Four on a line.
    let exports = [
        flow(
            "Spans",
            "Sampled spans that ended, and what became of them.",
            &[
                ("ended", &SPANS_ENDED),
                ("sent", &SPANS_SENT),
                ("failed", &SPANS_FAILED),
                ("dropped", &SPANS_DROPPED),
            ],
        ),
        flow(
            "Metric points",
            "Points of metrics that were collected for export, and what became of them.",
            &[
                ("collected", &METRIC_POINTS_COLLECTED),
                ("sent", &METRIC_POINTS_SENT),
                ("failed", &METRIC_POINTS_FAILED),
                ("dropped", &METRIC_POINTS_DROPPED),
            ],
        ),
        flow(
            "Error events",
            "Error events that were captured, and what became of them.",
            &[
                ("captured", &ERROR_EVENTS_CAPTURED),
                ("sent", &ERROR_EVENTS_SENT),
                ("failed", &ERROR_EVENTS_FAILED),
                ("dropped", &ERROR_EVENTS_DROPPED),
            ],
        ),
        flow(
            "Log records",
            "Log records that were to be exported, and what became of them.",
            &[
                ("ended", &LOG_RECORDS_ENDED),
                ("sent", &LOG_RECORDS_SENT),
                ("failed", &LOG_RECORDS_FAILED),
                ("dropped", &LOG_RECORDS_DROPPED),
            ],
        ),
    ]
    .map(|panel| panel.size(6, 8));
    let others = [
        flow(
            "Log lines",
            "Log lines that the filter let through, and those that nobody can read.",
            &[("written", &LOG_LINES), ("lost", &LOG_LINES_LOST)],
        ),
        flow(
            "Refused metrics",
            "Instruments and values that were refused, and label sets beyond the budget of series.",
            &[
                ("refused", &METRICS_REFUSED),
                ("overflowed", &METRICS_OVERFLOWED),
            ],
        ),
        Panel::lines("Series", "Series that each instance holds.", Unit::Count)
            .query(Query::new(sum("instance", SERIES.name()), "{{instance}}")),
        builds(),
    ];
    let mut panels: Vec<_> = exports.into_iter().chain(others).collect();
    if naming == Naming::Prometheus {
        panels.extend(scrapes());
    }
    Row::new("Telemetry", panels)
}

/// Draws how much came in, and the ways out; what was lost is red.
fn flow(title: &str, description: &str, counters: &[(&'static str, &Metric)]) -> Panel {
    let panel = Panel::lines(title, description, Unit::PerSecond).colors(&[
        ("sent", Color::Green),
        ("written", Color::Green),
        ("failed", Color::Orange),
        ("refused", Color::Orange),
        ("dropped", Color::Red),
        ("lost", Color::Red),
        ("overflowed", Color::Red),
    ]);
    counters.iter().fold(panel, |panel, (name, counter)| {
        panel.query(Query::new(total_rate("", counter.name()), name))
    })
}

fn builds() -> Panel {
    Panel::table(
        "Builds",
        "Which version each instance runs.",
        &[("instance", "Instance"), ("version", "Version")],
    )
    .column(
        "Reports",
        Unit::Count,
        Thresholds::none(),
        Query::new(
            format!("count by (instance, version) ({})", BUILD_INFO.name()),
            "",
        ),
    )
}

/// What Prometheus itself says of its visits; over OTLP there are none.
fn scrapes() -> [Panel; 3] {
    let by_instance = |series: &str| Query::new(max("instance", series), "{{instance}}");
    [
        Panel::states(
            "Reachable",
            "Whether Prometheus could read the metrics of each instance.",
            REACHABLE,
        )
        .query(by_instance("up")),
        Panel::lines(
            "Scrapes",
            "How long Prometheus took to read the metrics of each instance.",
            Unit::Seconds,
        )
        .query(by_instance("scrape_duration_seconds")),
        Panel::lines(
            "Samples",
            "How many samples Prometheus read from each instance.",
            Unit::Count,
        )
        .query(by_instance("scrape_samples_scraped")),
    ]
}

const REACHABLE: &[State] = &[
    State {
        value: "0",
        word: "no",
        color: Color::Red,
    },
    State {
        value: "1",
        word: "yes",
        color: Color::Green,
    },
];
