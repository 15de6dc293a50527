//! Strings that nobody would log, as lines: a hundred thousand at full size.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt as _;

use super::layer::LogLayer;
use super::line::{Look, Named};
use super::{LineWriter, escape};
use crate::config::{LogFields, LogFormat};

/// One event: what it says, what two of its fields hold, and what one of its span does.
type Said = [String; 4];

/// Writes strings, four to an event, and returns them with the lines that they became.
fn logged(format: LogFormat, fields: LogFields) -> Vec<(Said, String)> {
    let mut random = fastrand::Rng::with_seed(23);
    let mut said = || std::array::from_fn(|_| hostile(&mut random));
    let said: Vec<Said> = (0..strings() / 4).map(|_| said()).collect();
    let out = Kept::default();
    let writer = LineWriter::start(out.clone(), Default::default(), None).unwrap();
    let look = Look {
        format,
        fields,
        colours: false,
        service: Named {
            name: "checkout".into(),
            version: None,
        },
    };
    let layer = LogLayer::new(Arc::new(look), writer.clone());
    let written = || writer.flush_until(Instant::now() + Duration::from_mins(1));
    with_default(tracing_subscriber::registry().with(layer), || {
        for some in said.chunks(1_000) {
            for [message, shown, debugged, of_span] in some {
                let span = tracing::info_span!("work", text = %of_span);
                span.in_scope(|| tracing::info!(%shown, ?debugged, "{message}"));
            }
            assert!(written(), "the queue holds all of them");
        }
    });
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.split_terminator('\n').map(str::to_owned).collect();
    assert_eq!(lines.len(), said.len());
    said.into_iter().zip(lines).collect()
}

/// Makes a text of what ends lines, strings and words of a format, of what commands terminals, and of anything.
fn hostile(random: &mut fastrand::Rng) -> String {
    const BAD: [&str; 27] = [
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\0",
        "\u{1b}[31m",
        "\u{1b}]0;title\u{7}",
        "\u{8}",
        "\u{7f}",
        "\u{85}",
        "\u{9b}2J",
        "\u{61c}",
        "\u{200e}",
        "\u{200f}",
        "\u{2028}",
        "\u{2029}",
        "\u{202e}",
        "\u{2066}",
        "\"",
        "\\",
        "\\\"",
        "\\u0000",
        "{\"a\":",
        "}",
        "trace_id=",
        "é",
        "\u{1f600}",
    ];
    let parts = random.usize(..10);
    let part = |_| match random.u8(..3) {
        0 => random.char(..).to_string(),
        1 => random.char('\u{0}'..'\u{a0}').to_string(),
        _ => BAD[random.usize(..BAD.len())].to_owned(),
    };
    (0..parts).map(part).collect()
}

/// Tells whether a line could end early, command a terminal, or change the direction of what follows.
fn is_harmless(line: &str) -> bool {
    !line.contains(|c: char| {
        c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[test]
fn whatever_is_logged_for_machines_is_one_object_that_reads_as_what_was_said() {
    for fields in [LogFields::Nested, LogFields::Flat] {
        for ([message, shown, debugged, of_span], line) in logged(LogFormat::Json, fields) {
            assert!(is_harmless(&line), "{line:?}");
            let read: Value =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let of_event = match fields {
                LogFields::Nested => &read["fields"],
                LogFields::Flat => &read,
            };
            assert_eq!(read["message"], *message);
            assert_eq!(of_event["shown"], *shown);
            assert_eq!(of_event["debugged"], format!("{debugged:?}"));
            assert_eq!(read["spans"][0]["fields"]["text"], *of_span);
        }
    }
}

#[test]
fn whatever_is_logged_for_eyes_is_one_line_without_a_command() {
    for (said, line) in logged(LogFormat::Text, LogFields::Nested) {
        assert!(is_harmless(&line), "{said:?}: {line:?}");
        let mut before = String::from("  INFO radiosonde::logs::hostile: ");
        escape::readable(&said[0], &mut before);
        let (_, fields) = line
            .split_once(&before)
            .unwrap_or_else(|| panic!("{line:?} lacks {before:?}"));
        assert_eq!(
            names(fields),
            ["shown", "debugged", "work", "text"],
            "{line:?}"
        );
    }
}

/// Returns the names of the fields and spans of a readable line, as somebody reads them who looks where values end.
fn names(mut fields: &str) -> Vec<&str> {
    let mut names = Vec::new();
    while let Some(after) = fields.strip_prefix([' ', '{', '}']) {
        let end = after.find(['=', '{', '}', ' ']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        names.extend(Some(name).filter(|name| !name.is_empty()));
        fields = after;
        if let Some(value) = after.strip_prefix('=') {
            fields = after_value(value);
        }
    }
    assert_eq!(fields, "");
    names
}

fn after_value(value: &str) -> &str {
    let Some(text) = value.strip_prefix('"') else {
        return value.trim_start_matches(|c| !matches!(c, ' ' | '}'));
    };
    let mut is_escaped = false;
    let mut ends = |c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    };
    let end = text.find(&mut ends).unwrap();
    &text[end + 1..]
}

/// What was written, for ever.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The full size is that of what was promised.
fn strings() -> usize {
    radiosonde_testkit::size(20_000, 100_000)
}
