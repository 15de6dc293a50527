//! The reference parsers of the exposition formats: those of the Python client of Prometheus.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::tools;

/// One sample, as the reference parser reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Sample {
    /// The name, with the suffix of its part.
    pub name: String,
    /// The labels by name.
    pub labels: BTreeMap<String, String>,
    /// The value, as Python writes it.
    pub value: String,
    /// The labels of its exemplar, if it has one.
    pub exemplar: Option<BTreeMap<String, String>>,
}

/// Parses the text format 0.0.4.
///
/// # Errors
///
/// Returns what the parser says when it refuses the text.
///
/// # Panics
///
/// Panics when the parser cannot be run.
pub fn parse_text(text: &str) -> Result<Vec<Sample>, String> {
    parse("text", text)
}

/// Parses OpenMetrics, strictly.
///
/// # Errors
///
/// Returns what the parser says when it refuses the text.
///
/// # Panics
///
/// Panics when the parser cannot be run.
pub fn parse_open_metrics(text: &str) -> Result<Vec<Sample>, String> {
    parse("open_metrics", text)
}

fn parse(format: &str, text: &str) -> Result<Vec<Sample>, String> {
    let mut parser = Command::new(tools::python("prometheus_client"))
        .args(["-c", include_str!("../python/parse_exposition.py"), format])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("an interpreter that was found");
    let mut input = parser.stdin.take().expect("its input is a pipe");
    // It reads all before it writes anything. One that fails early has closed its input, and says why below.
    input.write_all(text.as_bytes()).ok();
    drop(input);
    let output = parser.wait_with_output().expect("a child of our own");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let samples: Vec<Value> =
        serde_json::from_slice(&output.stdout).expect("the program prints JSON");
    Ok(samples.iter().map(sample).collect())
}

fn sample(sample: &Value) -> Sample {
    Sample {
        name: text(&sample["name"]),
        labels: labels(&sample["labels"]).unwrap_or_default(),
        value: text(&sample["value"]),
        exemplar: labels(&sample["exemplar"]),
    }
}

fn labels(labels: &Value) -> Option<BTreeMap<String, String>> {
    let labels = labels.as_object()?.iter();
    Some(
        labels
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
