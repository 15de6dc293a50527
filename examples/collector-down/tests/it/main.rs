//! What the demonstration shows, in a moment for each way to fail.

use std::process::Command;

#[test]
fn no_request_fails_and_every_span_is_accounted_for() {
    let output = Command::new(env!("CARGO_BIN_EXE_collector-down"))
        .arg("0.1")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let rows: Vec<Vec<_>> = text
        .lines()
        .filter(|line| line.ends_with("µs"))
        .map(|line| line.split_whitespace().rev().collect())
        .collect();
    assert_eq!(rows.len(), 9, "{text}");
    for row in rows {
        let (failed, requests) = (row[4], row[5]);
        assert!(failed == "0" && requests != "0", "{row:?} in {text}");
    }
    let last = text.lines().last().unwrap();
    let numbers: Vec<u64> = last
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let [ended, sent, failed, dropped, taken] = numbers[..] else {
        panic!("{last}");
    };
    assert_eq!(ended, sent + failed + dropped, "{last}");
    assert!(sent > 0, "{last}");
    // A batch that it took and could not say so, because it was killed, was sent again.
    assert!((sent..=sent + BATCH).contains(&taken), "{last}");
}

/// How many spans a message has at most.
const BATCH: u64 = 512;
