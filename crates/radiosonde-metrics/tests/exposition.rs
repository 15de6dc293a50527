//! The texts, read by the parsers of others.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::collections::BTreeSet;

use metrics::{counter, gauge, histogram};
use radiosonde_catalog::METRICS;
use radiosonde_metrics::{Bounds, Exposition, Registry, RegistryOptions, SampledSpan};
use radiosonde_testkit::exposition::{Sample, parse_open_metrics, parse_text};
use radiosonde_testkit::prometheus::promtool_check_metrics;
use radiosonde_testkit::strict;

const SPAN: SampledSpan = SampledSpan::new([0x0a; 16], [0xf0; 8]);

/// Everything that a text may stumble over: names, label values, numbers, collisions, exemplars.
fn hostile() -> Registry {
    let options = RegistryOptions::new()
        .bounds_by_prefix("native", Bounds::exponential())
        .exemplars(|| Some(SPAN));
    let registry = Registry::with_options(options);
    metrics::with_local_recorder(&registry, || {
        let values = [
            "",
            "\"",
            "\\",
            "\\\"",
            "\n",
            "\\n",
            "a\\\nb\"",
            "{}",
            "},x=\"1\" 2",
            " ",
            "é\u{1F388}\u{202e}",
            "\u{0}\u{7f}",
        ];
        for value in values {
            counter!("hostile_total", "value" => value).increment(1);
            histogram!("hostile_seconds", "value" => value, "0 ö" => "x").record(0.3);
        }
        counter!("long_total", "value" => "x".repeat(64 * 1024)).increment(1);
        for name in ["dots.and-dashes", "2xx", "größe", "a b\nc", "colon:is:fine"] {
            counter!(name).increment(1);
            gauge!(format!("{name}_gauge")).set(-1.5);
        }
        gauge!("limits").set(f64::NEG_INFINITY);
        gauge!("small").set(5e-324);
        gauge!("large").set(f64::MAX);
        for value in [1e300, -1e300, 5e-324] {
            histogram!("wide").record(value);
            histogram!("native").record(value);
        }
        metrics::describe_counter!("hostile_total", "Quotes \", backslashes \\ and\nlines.");
        // Names that are fine in one format and taken in the other.
        counter!("jobs_total").increment(1);
        gauge!("jobs").set(1.0);
        counter!("made_total").increment(1);
        gauge!("made_created").set(1.0);
        histogram!("size").record(1.0);
        counter!("size_count_total").increment(1);
        counter!("size_created_total").increment(1);
        counter!("made_created_total").increment(1);
        gauge!("size_created").set(1.0); // refused: OpenMetrics has another use for it
    });
    registry
}

/// One series of each metric of the catalogue.
fn of_the_catalogue() -> Registry {
    let registry = Registry::new();
    for metric in METRICS {
        let values = vec!["x"; metric.labels().len()];
        registry.counter(metric, &values).increment(1);
        registry.histogram(metric, &values).record(0.1);
        registry.gauge(metric, &values).set(1.0);
        registry.up_down_counter(metric, &values).add(1);
    }
    registry
}

fn open_metrics_of(registry: &Registry) -> String {
    String::from_utf8(registry.render_as(Exposition::OpenMetrics)).unwrap()
}

/// The parser of the text adds the suffix to counters that have none, and there are no exemplars in it.
fn comparable(mut sample: Sample) -> Sample {
    sample.name = sample.name.trim_end_matches("_total").to_owned();
    sample.exemplar = None;
    sample
}

#[test]
fn the_strict_parser_takes_open_metrics_with_the_samples_of_the_text() {
    for registry in [hostile(), of_the_catalogue()] {
        let text = parse_text(&registry.render())
            .unwrap_or_else(|error| panic!("{error}\n{}", registry.render()));
        let open_metrics = open_metrics_of(&registry);
        let open_metrics = parse_open_metrics(&open_metrics)
            .unwrap_or_else(|error| panic!("{error}\n{open_metrics}"));
        let written =
            |sample: &Sample| !sample.name.ends_with("_created") || sample.name == "made_created";
        let text: BTreeSet<_> = text.into_iter().map(comparable).collect();
        let open_metrics: BTreeSet<_> = open_metrics
            .into_iter()
            .filter(written)
            .map(comparable)
            .collect();
        let difference: Vec<_> = text.symmetric_difference(&open_metrics).collect();
        assert!(difference.is_empty() && text.len() > 30, "{difference:#?}");
    }
}

#[test]
fn exemplars_stand_at_the_buckets_of_their_values_and_name_their_span() {
    let samples = parse_open_metrics(&open_metrics_of(&hostile())).unwrap();
    let with_exemplar: Vec<_> = samples
        .iter()
        .filter(|sample| sample.name == "hostile_seconds_bucket" && sample.exemplar.is_some())
        .collect();
    assert_eq!(with_exemplar.len(), 12);
    for sample in with_exemplar {
        assert_eq!(sample.labels["le"], "0.5");
        let exemplar = sample.exemplar.as_ref().unwrap();
        assert_eq!(exemplar["trace_id"], SPAN.trace_id());
        assert_eq!(exemplar["span_id"], SPAN.span_id());
    }
}

#[test]
fn an_exponential_histogram_has_an_exemplar_in_a_text_whatever_its_value() {
    for value in [0.3, 1e300, 5e-324, -7.0] {
        let options = RegistryOptions::new()
            .default_bounds(Bounds::exponential())
            .exemplars(|| Some(SPAN));
        let registry = Registry::with_options(options);
        metrics::with_local_recorder(&registry, || histogram!("native").record(value));
        let text = open_metrics_of(&registry);
        let families = strict::parse(strict::Format::OpenMetrics, &text).unwrap();
        let mut samples = families.into_iter().flat_map(|family| family.samples);
        let bucket = samples
            .find(|sample| sample.name == "native_bucket")
            .unwrap();
        let exemplar = bucket.exemplar.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(exemplar.labels["trace_id"], SPAN.trace_id());
        assert_eq!(bucket.labels["le"], "+Inf");
    }
}

#[test]
fn label_values_come_back_as_they_were() {
    let samples = parse_open_metrics(&open_metrics_of(&hostile())).unwrap();
    let values: BTreeSet<_> = samples
        .iter()
        .filter(|sample| sample.name == "hostile_total")
        .filter_map(|sample| sample.labels.get("value").map(String::as_str))
        .collect();
    assert_eq!(values.len(), 11);
    assert!(
        values.contains("a\\\nb\"") && values.contains("\\n") && values.contains("\n"),
        "{values:?}"
    );
}

#[test]
fn the_strict_parser_of_the_tests_reads_what_the_reference_parser_reads() {
    for registry in [hostile(), of_the_catalogue()] {
        let text = open_metrics_of(&registry);
        let theirs = parse_open_metrics(&text).unwrap();
        let theirs: Vec<_> = theirs
            .into_iter()
            .map(|sample| (sample.name, sample.labels, sample.value.parse().unwrap()))
            .collect();
        let ours = strict::parse(strict::Format::OpenMetrics, &text).unwrap();
        let ours = ours.into_iter().flat_map(|family| family.samples);
        let ours: Vec<(_, _, f64)> = ours
            .map(|sample| (sample.name, sample.labels, sample.value))
            .collect();
        assert_eq!(ours, theirs);
        strict::parse(strict::Format::Text, &registry.render()).unwrap();
    }
}

/// Lets promtool read a text, and returns why it cannot; what it would name otherwise is no fault of the text.
fn promtool_reads(text: &str) -> Result<(), String> {
    match promtool_check_metrics(text) {
        Err(complaint) if complaint.contains("error while linting") => Err(complaint),
        _ => Ok(()),
    }
}

#[test]
fn promtool_reads_what_is_hostile() {
    let text = hostile().render();
    promtool_reads(&text).unwrap_or_else(|complaint| panic!("{complaint}\n{text}"));
    for malformed in ["size 1 2 3\n", "# TYPE size gauge\nsize{a=\"\"\"} 1\n"] {
        let complaint = promtool_reads(&format!("{text}{malformed}")).unwrap_err();
        assert!(complaint.contains("parsing error"), "{complaint}");
    }
}

#[test]
fn promtool_takes_the_catalogue_without_a_word() {
    let text = of_the_catalogue().render();
    promtool_check_metrics(&text).unwrap_or_else(|complaint| panic!("{complaint}\n{text}"));
}
