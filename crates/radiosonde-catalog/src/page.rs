//! The reference page of the metrics, made from the catalogue and compared with what is written.

use std::fmt::Write as _;

use crate::json::{kind_word, unit_word};
use crate::{Kind, METRICS, Metric};

#[test]
fn the_reference_page_lists_every_metric() {
    radiosonde_testkit::pages::compare("metrics.md", &page(METRICS));
}

#[test]
fn every_metric_stands_in_one_group() {
    let listed: usize = groups(METRICS)
        .iter()
        .map(|(_, metrics)| metrics.len())
        .sum();
    assert_eq!(listed, METRICS.len());
}

fn page(metrics: &[&'static Metric]) -> String {
    let mut page = String::from(concat!(
        "# Metrics\n\n",
        "Every metric of Radiosonde, as `/metrics` names it and as OpenTelemetry does. Metrics that the service records\n",
        "through the `metrics` facade stand beside them. The standard instruments are there once the service has made them.\n",
        "An `up_down_counter` reads as a gauge in Prometheus.\n",
    ));
    for (title, metrics) in groups(metrics) {
        group(title, &metrics, &mut page);
    }
    page
}

fn group(title: &str, metrics: &[&Metric], page: &mut String) {
    let _ = write!(
        page,
        "\n## {title}\n\n| metric | kind | unit | labels | OpenTelemetry name | OpenTelemetry labels | help |\n|---|---|---|---|---|---|---|\n"
    );
    for metric in metrics {
        let (name, otel_name) = (metric.name(), metric.otel_name());
        let (kind, unit) = (kind_word(metric.kind()), unit_word(metric.unit()));
        let (labels, otel_labels) = (quoted(metric.labels()), quoted(metric.otel_labels()));
        let help = cell(metric.help());
        let _ = writeln!(
            page,
            "| `{name}` | {kind} | {unit} | {labels} | `{otel_name}` | {otel_labels} | {help} |"
        );
    }
    for metric in metrics
        .iter()
        .filter(|metric| metric.kind() == Kind::Histogram)
    {
        let bounds: Vec<_> = metric.bounds().iter().map(ToString::to_string).collect();
        let (name, bounds) = (metric.name(), bounds.join(", "));
        let _ = writeln!(page, "\nBounds of `{name}`: {bounds}.");
    }
}

/// The groups that have metrics, in the order of the page. What no prefix claims comes last.
fn groups(metrics: &[&'static Metric]) -> Vec<(&'static str, Vec<&'static Metric>)> {
    let index = |metric: &Metric| {
        GROUPS
            .iter()
            .position(|(_, prefixes)| {
                let mut prefixes = prefixes.iter();
                prefixes.any(|prefix| metric.name().starts_with(prefix))
            })
            .unwrap_or(GROUPS.len())
    };
    let titles = GROUPS
        .iter()
        .map(|(title, _)| *title)
        .chain(["The rest"])
        .enumerate();
    titles
        .map(|(group, title)| {
            let of_group = metrics.iter().filter(|metric| index(metric) == group);
            (title, of_group.copied().collect::<Vec<_>>())
        })
        .filter(|(_, metrics)| !metrics.is_empty())
        .collect()
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The groups of the page, and how the names of their metrics begin.
const GROUPS: [(&str, &[&str]); 8] = [
    (
        "Requests",
        &[
            "http_active_",
            "http_errors_",
            "http_request_",
            "http_requests_",
        ],
    ),
    ("Objectives", &["slo_"]),
    ("Outgoing requests", &["http_client_"]),
    (
        "Standard instruments",
        &[
            "authentication_",
            "cache_",
            "certificate_",
            "connection_pool_",
            "job_",
            "message_",
            "messages_",
            "queue_",
        ],
    ),
    ("Health", &["health_check_"]),
    ("Process", &["process_"]),
    ("Runtime", &["tokio_"]),
    ("Radiosonde itself", &["radiosonde_"]),
];
