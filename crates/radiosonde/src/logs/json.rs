//! Lines for machines: one JSON object each.

use std::fmt::Write as _;

use super::escape;
use super::line::{Line, Named};
use crate::config::LogFields;

/// Appends a line.
///
/// The fields of the event stand apart under `fields`, so that none of them can pose as one of the line's own; where
/// they are to stand beside those, one that would is told apart by its name.
pub(crate) fn line(line: &Line<'_>, service: &Named, fields: LogFields, out: &mut String) {
    // Writing to a `String` cannot fail; that goes for every `write!` here.
    let time = humantime::format_rfc3339_micros(line.time);
    let _ = write!(
        out,
        "{{\"timestamp\":\"{time}\",\"level\":\"{}\"",
        line.level
    );
    member("message", line.message, out);
    member("target", line.target, out);
    member("service", &service.name, out);
    if let Some(version) = &service.version {
        member("version", version, out);
    }
    if let Some(ids) = &line.ids {
        let _ = write!(
            out,
            ",\"trace_id\":\"{}\",\"span_id\":\"{}\"",
            ids.trace_id(),
            ids.span_id()
        );
    }
    match (fields, line.fields.strip_prefix(',')) {
        (_, None) => {}
        (LogFields::Nested, Some(fields)) => {
            let _ = write!(out, ",\"fields\":{{{fields}}}");
        }
        (LogFields::Flat, Some(_)) => out.push_str(line.fields),
    }
    if let Some(spans) = line.spans.strip_prefix(',') {
        let _ = write!(out, ",\"spans\":[{spans}]");
    }
    out.push_str("}\n");
}

/// Appends a span: its name and its fields.
pub(crate) fn span<'a>(name: &str, fields: impl Iterator<Item = &'a str>, out: &mut String) {
    out.push_str(",{\"name\":\"");
    escape::json(name, out);
    out.push('"');
    let mut begin = ",\"fields\":{";
    for field in fields {
        out.push_str(begin);
        out.push_str(field.strip_prefix(',').unwrap_or(field));
        begin = ",";
    }
    if begin == "," {
        out.push('}');
    }
    out.push('}');
}

/// Tells whether a line has a member of this name by itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "timestamp"
            | "level"
            | "message"
            | "target"
            | "service"
            | "version"
            | "trace_id"
            | "span_id"
            | "spans"
    )
}

fn member(name: &str, value: &str, out: &mut String) {
    let _ = write!(out, ",\"{name}\":\"");
    escape::json(value, out);
    out.push('"');
}
