//! What holds for every recording, whatever its names, labels and values.

use std::collections::HashSet;

use metrics::{Key, Label, Level, Metadata, Recorder};
use proptest::prelude::*;
use radiosonde_metrics::Registry;

static METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

/// Splits a line into the series and its value, or says why it is none.
fn parse_sample(line: &str) -> Result<(&str, f64), String> {
    let (series, value) = line.rsplit_once(' ').ok_or("no value")?;
    let value = value
        .parse::<f64>()
        .map_err(|error| format!("{value}: {error}"))?;
    let name_ends = series.find('{').unwrap_or(series.len());
    let (name, labels) = series.split_at(name_ends);
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
        || !name.chars().all(in_name)
    {
        return Err(format!("name `{name}`"));
    }
    if !labels.is_empty() {
        parse_labels(labels)?;
    }
    Ok((series, value))
}

fn parse_labels(text: &str) -> Result<(), String> {
    let mut rest = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .ok_or("braces")?;
    let mut names = HashSet::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("no value of a label")?;
        if name.is_empty()
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            || !names.insert(name)
        {
            return Err(format!("label `{name}` in {text}"));
        }
        let mut escaped = false;
        let end = after.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let after = &after[end.ok_or("open value")? + 1..];
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Ok(())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c._-]{0,3}",
        "(wait|wait_sum|wait_count|le|__x|quantile)",
        ".{0,4}"
    ]
}

#[derive(Debug, Clone)]
enum Recording {
    Count(u64),
    Level(f64),
    Value(f64),
}

fn recording() -> impl Strategy<Value = Recording> {
    prop_oneof![
        (0..1_000_u64).prop_map(Recording::Count),
        any::<f64>().prop_map(Recording::Level),
        prop_oneof![any::<f64>(), 0.0..20.0].prop_map(Recording::Value),
    ]
}

fn record(registry: &Registry, name: String, labels: Vec<(String, String)>, recording: &Recording) {
    let labels: Vec<_> = labels
        .into_iter()
        .map(|(name, value)| Label::new(name, value))
        .collect();
    let key = Key::from_parts(name, labels);
    match *recording {
        Recording::Count(count) => registry.register_counter(&key, &METADATA).increment(count),
        Recording::Level(level) => registry.register_gauge(&key, &METADATA).set(level),
        Recording::Value(value) => registry.register_histogram(&key, &METADATA).record(value),
    }
}

proptest! {
    #[test]
    fn every_line_parses_and_no_series_stands_twice(
        recordings in prop::collection::vec(
            (name(), prop::collection::vec((name(), ".{0,6}"), 0..4), recording()), 0..40),
    ) {
        let registry = Registry::new();
        for (name, labels, recording) in recordings {
            record(&registry, name, labels, &recording);
        }
        let text = registry.render();
        prop_assert!(text.ends_with('\n'));
        let mut seen = HashSet::new();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let first = seen.insert(comment.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "));
                prop_assert!(first, "{}", line);
                continue;
            }
            let (series, _) = parse_sample(line).map_err(|why| TestCaseError::fail(format!("{line}: {why}")))?;
            prop_assert!(seen.insert(series.to_owned()), "{} stands twice", series);
        }
    }

    #[test]
    fn the_count_of_a_histogram_is_its_last_bucket(values in prop::collection::vec(any::<f64>(), 0..200)) {
        let registry = Registry::new();
        let finite = values.iter().filter(|value| value.is_finite()).count();
        for value in values {
            record(&registry, "took".into(), vec![], &Recording::Value(value));
        }
        let text = registry.render();
        if text.contains("took_count") {
            let bucket = format!("took_bucket{{le=\"+Inf\"}} {finite}\n");
            let count = format!("took_count {finite}\n");
            prop_assert!(text.contains(&bucket) && text.contains(&count), "{}", text);
        }
    }
}
