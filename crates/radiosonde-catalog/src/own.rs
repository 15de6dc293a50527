//! What Radiosonde says about itself: what it sent, and what it lost.
//!
//! Of spans, log records, metric points and error events, `ended`, `collected` or `captured` = `sent` + `failed` + `dropped` + what still waits, exactly. *Failed*
//! means that the receiver did not take it within the deadline; *dropped* means that it was never offered, because the
//! queue was full or the process ended; an event also because Sentry had asked for a pause, or the service kept it back.

use crate::Metric;

/// Sampled spans that ended, and so are to be exported.
pub const SPANS_ENDED: Metric = count(
    "radiosonde_spans_ended_total",
    "radiosonde.spans.ended",
    "Sampled spans that ended.",
);

/// Spans that the collector accepted.
pub const SPANS_SENT: Metric = count(
    "radiosonde_spans_sent_total",
    "radiosonde.spans.sent",
    "Spans that the collector accepted.",
);

/// Spans that were offered to the collector in vain.
pub const SPANS_FAILED: Metric = count(
    "radiosonde_spans_failed_total",
    "radiosonde.spans.failed",
    "Spans that the collector refused or did not accept in time.",
);

/// Spans that were given up before they were offered.
pub const SPANS_DROPPED: Metric = count(
    "radiosonde_spans_dropped_total",
    "radiosonde.spans.dropped",
    "Spans dropped because the queue was full, the collector asked for a pause, or the process ended, and spans of kept traces that were lost while they waited for the end of their trace.",
);

/// Points of metrics that were collected, and so are to be sent: one for each series, each time.
pub const METRIC_POINTS_COLLECTED: Metric = count(
    "radiosonde_metric_points_collected_total",
    "radiosonde.metric_points.collected",
    "Metric points collected for export.",
);

/// Points of metrics that the collector accepted.
pub const METRIC_POINTS_SENT: Metric = count(
    "radiosonde_metric_points_sent_total",
    "radiosonde.metric_points.sent",
    "Metric points that the collector accepted.",
);

/// Points of metrics that were offered to the collector in vain. The next ones say what they said.
pub const METRIC_POINTS_FAILED: Metric = count(
    "radiosonde_metric_points_failed_total",
    "radiosonde.metric_points.failed",
    "Metric points that the collector refused or did not accept in time.",
);

/// Points of metrics that were given up before they were offered.
pub const METRIC_POINTS_DROPPED: Metric = count(
    "radiosonde_metric_points_dropped_total",
    "radiosonde.metric_points.dropped",
    "Metric points dropped because the process ended.",
);

/// Error events that were captured, and so are to be sent.
pub const ERROR_EVENTS_CAPTURED: Metric = count(
    "radiosonde_error_events_captured_total",
    "radiosonde.error_events.captured",
    "Error events captured for Sentry.",
);

/// Error events that Sentry accepted.
pub const ERROR_EVENTS_SENT: Metric = count(
    "radiosonde_error_events_sent_total",
    "radiosonde.error_events.sent",
    "Error events that Sentry accepted.",
);

/// Error events that were offered to Sentry in vain.
pub const ERROR_EVENTS_FAILED: Metric = count(
    "radiosonde_error_events_failed_total",
    "radiosonde.error_events.failed",
    "Error events that Sentry refused or did not accept in time.",
);

/// Error events that were given up before they were offered.
pub const ERROR_EVENTS_DROPPED: Metric = count(
    "radiosonde_error_events_dropped_total",
    "radiosonde.error_events.dropped",
    "Error events dropped because the queue was full, Sentry asked for a pause, the service kept them back, or the process ended.",
);

/// Error events that were not captured, by reason: `ignored` by a list of the service, not of the share that is `sampled`,
/// `limited` because there were too many in this minute, `repeated` because their request had said so.
pub const ERROR_EVENTS_SUPPRESSED: Metric = count(
    "radiosonde_error_events_suppressed_total",
    "radiosonde.error_events.suppressed",
    "Error events that were not captured: ignored, not in the sample, too many in a minute, or repeated in a request.",
)
.with_labels(&["reason"])
.with_otel_labels(&["radiosonde.reason"]);

/// Requests that ended, as the release health of Sentry counts them, by status: `exited` well, `errored` in a way that the
/// service dealt with, `crashed`.
pub const SESSIONS_ENDED: Metric = count(
    "radiosonde_sessions_ended_total",
    "radiosonde.sessions.ended",
    "Requests that ended, as the release health of Sentry counts them.",
)
.with_labels(&["status"])
.with_otel_labels(&["radiosonde.status"]);

/// Sessions that Sentry accepted. The others wait.
pub const SESSIONS_SENT: Metric = count(
    "radiosonde_sessions_sent_total",
    "radiosonde.sessions.sent",
    "Sessions that Sentry accepted.",
);

/// Log records that were made, and so are to be exported.
pub const LOG_RECORDS_ENDED: Metric = count(
    "radiosonde_log_records_ended_total",
    "radiosonde.log_records.ended",
    "Log records made for export.",
);

/// Log records that the collector accepted.
pub const LOG_RECORDS_SENT: Metric = count(
    "radiosonde_log_records_sent_total",
    "radiosonde.log_records.sent",
    "Log records that the collector accepted.",
);

/// Log records that were offered to the collector in vain.
pub const LOG_RECORDS_FAILED: Metric = count(
    "radiosonde_log_records_failed_total",
    "radiosonde.log_records.failed",
    "Log records that the collector refused or did not accept in time.",
);

/// Log records that were given up before they were offered.
pub const LOG_RECORDS_DROPPED: Metric = count(
    "radiosonde_log_records_dropped_total",
    "radiosonde.log_records.dropped",
    "Log records dropped because the queue was full, the collector asked for a pause, or the process ended.",
);

/// Log events that the filter let through, by level.
pub const LOG_EVENTS: Metric = count(
    "log_events_total",
    "log.events",
    "Log events that the filter let through.",
)
.with_labels(&["level"])
.with_otel_labels(&["log.level"]);

/// Log lines that were suppressed because one place in the code logged too many.
pub const LOG_LINES_SUPPRESSED: Metric = count(
    "radiosonde_log_lines_suppressed_total",
    "radiosonde.log_lines.suppressed",
    "Log lines suppressed because one place in the code logged too many.",
);

/// Log lines that the filter let through.
pub const LOG_LINES: Metric = count(
    "radiosonde_log_lines_total",
    "radiosonde.log_lines",
    "Log lines that the filter let through.",
);

/// Log lines that did not reach standard output.
pub const LOG_LINES_LOST: Metric = count(
    "radiosonde_log_lines_lost_total",
    "radiosonde.log_lines.lost",
    "Log lines lost because standard output was not read fast enough or could not be written.",
);

/// Series held by the registry.
pub const SERIES: Metric = Metric::gauge("radiosonde_series")
    .with_otel_name("radiosonde.series")
    .with_help("Series held by the registry.");

/// Instruments and values that the registry refused, by reason.
pub const METRICS_REFUSED: Metric = count(
    "radiosonde_metrics_refused_total",
    "radiosonde.metrics.refused",
    "Instruments and values refused by the registry because of their name, labels, kind or value.",
)
.with_labels(&["reason"])
.with_otel_labels(&["radiosonde.reason"]);

/// Label sets beyond the series budget, which were folded into one overflow series.
pub const METRICS_OVERFLOWED: Metric = count(
    "radiosonde_metrics_overflowed_total",
    "radiosonde.metrics.overflowed",
    "Label sets folded into an overflow series.",
);

const fn count(name: &'static str, otel_name: &'static str, help: &'static str) -> Metric {
    Metric::counter(name)
        .with_otel_name(otel_name)
        .with_help(help)
}
