//! Lines for eyes.

use std::fmt::Write as _;

use tracing::Level;

use super::escape;
use super::line::Line;

/// Appends a line: time, level, target, message, fields, spans, ids.
pub(crate) fn line(line: &Line<'_>, colours: bool, out: &mut String) {
    let paint = |colour: &'static str| if colours { colour } else { "" };
    let (dim, plain, bright) = (
        paint("\u{1b}[2m"),
        paint("\u{1b}[0m"),
        paint(colour(line.level)),
    );
    // Writing to a `String` cannot fail; that goes for every `write!` here.
    let time = humantime::format_rfc3339_millis(line.time);
    let _ = write!(
        out,
        "{dim}{time}{plain} {bright}{:>5}{plain} {dim}",
        line.level.as_str()
    );
    escape::readable(line.target, out);
    let _ = write!(out, ":{plain} ");
    escape::readable(line.message, out);
    out.push_str(line.fields);
    out.push_str(line.spans);
    if let Some(ids) = &line.ids {
        let _ = write!(
            out,
            " {dim}trace_id={} span_id={}{plain}",
            ids.trace_id(),
            ids.span_id()
        );
    }
    out.push('\n');
}

/// Appends a span: its name and its fields.
pub(crate) fn span<'a>(name: &str, fields: impl Iterator<Item = &'a str>, out: &mut String) {
    out.push(' ');
    escape::readable(name, out);
    let mut begin = "{";
    for field in fields {
        out.push_str(begin);
        out.push_str(field.strip_prefix(' ').unwrap_or(field));
        begin = " ";
    }
    if begin == " " {
        out.push('}');
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}
