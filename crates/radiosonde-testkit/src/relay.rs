//! The normaliser of Relay, which is what Sentry reads events with.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::tools;

/// An event as Sentry keeps it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Normalized {
    /// The event, with what Relay fills in and takes out.
    pub event: Value,
    /// What Relay found wrong, each with the path of the member that it is about.
    pub errors: Vec<String>,
}

/// Normalises events.
///
/// # Panics
///
/// Panics when the normaliser cannot be run, or fails.
#[must_use]
pub fn normalize(events: &[Value]) -> Vec<Normalized> {
    let mut normalizer = Command::new(tools::python("sentry_relay.processing"))
        .args(["-c", include_str!("../python/normalise_events.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("an interpreter that was found");
    let mut input = normalizer.stdin.take().expect("its input is a pipe");
    let events = serde_json::to_vec(events).expect("a list of values");
    // It reads all before it writes anything. One that fails early has closed its input, and says why below.
    input.write_all(&events).ok();
    drop(input);
    let output = normalizer.wait_with_output().expect("a child of our own");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let events: Vec<Value> =
        serde_json::from_slice(&output.stdout).expect("the program prints JSON");
    events.into_iter().map(normalized).collect()
}

fn normalized(event: Value) -> Normalized {
    let mut errors = Vec::new();
    collect_errors("", &event["_meta"], &mut errors);
    Normalized { event, errors }
}

/// Remarks stand in a tree of the same shape as the event; those of a member are called by no name.
fn collect_errors(path: &str, remarks: &Value, errors: &mut Vec<String>) {
    for (name, remarks) in remarks.as_object().into_iter().flatten() {
        if name.is_empty() {
            let found = remarks["err"].as_array().into_iter().flatten();
            errors.extend(found.map(|error| format!("{path}: {error}")));
        } else {
            collect_errors(&format!("{path}/{name}"), remarks, errors);
        }
    }
}
