//! The fields of an event or a span, as text.

use std::error::Error;
use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};

use super::{escape, json};
use crate::config::LogFormat;
use crate::text;

/// Appends fields to `out` in the given format: `,"name":value` or ` name=value`.
#[derive(Debug)]
pub(crate) struct FieldWriter<'a> {
    pub(crate) format: LogFormat,
    pub(crate) out: &'a mut String,
    /// Where the message of an event goes. In a span, a field of that name is one like the others.
    pub(crate) message: Option<&'a mut String>,
    /// Whether the fields stand beside the line's own.
    pub(crate) beside: bool,
}

/// The fields of a span, each with its last value, as text.
#[derive(Debug, Default)]
pub(crate) struct SpanFields(Vec<(&'static str, String)>);

/// Replaces fields in [`SpanFields`].
#[derive(Debug)]
pub(crate) struct SpanFieldWriter<'a> {
    pub(crate) format: LogFormat,
    pub(crate) fields: &'a mut SpanFields,
}

impl SpanFields {
    /// Yields the fields as [`FieldWriter`] writes them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, text)| text.as_str())
    }

    /// Replaces the fields that are given anew.
    pub(crate) fn merge(&mut self, anew: Self) {
        for (name, text) in anew.0 {
            self.set(name, text);
        }
    }

    /// Replaces a field, unless the span would become too long to be shown in every line inside it.
    fn set(&mut self, name: &'static str, text: String) {
        let others = self
            .0
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(_, text)| text.len());
        if others.sum::<usize>() + text.len() > MAX_SPAN {
            return;
        }
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = text,
            None => self.0.push((name, text)),
        }
    }
}

impl FieldWriter<'_> {
    /// Writes a number, or a word that needs no quotes.
    fn bare(&mut self, field: &Field, value: impl std::fmt::Display) {
        if self.name(field.name()) {
            // Writing to a `String` cannot fail.
            let _ = write!(self.out, "{value}");
        }
    }

    fn text(&mut self, field: &Field, value: &str) {
        if field.name() == "message"
            && let Some(message) = &mut self.message
        {
            return message.push_str(value);
        }
        self.pair(field.name(), value);
    }

    /// Writes a field by its name.
    pub(crate) fn pair(&mut self, name: &str, value: &str) {
        if !self.name(name) {
            return;
        }
        match self.format {
            LogFormat::Json => {
                self.out.push('"');
                escape::json(value, self.out);
                self.out.push('"');
            }
            LogFormat::Text => escape::value(value, self.out),
        }
    }

    /// Writes the name, unless it is one that the bridge of the `log` crate keeps for itself.
    fn name(&mut self, name: &str) -> bool {
        if text::is_of_the_bridge(name) {
            return false;
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        match self.format {
            LogFormat::Json => {
                self.out.push_str(",\"");
                if self.beside && json::is_reserved(name) {
                    self.out.push_str("fields.");
                }
                escape::json(name, self.out);
                self.out.push_str("\":");
            }
            LogFormat::Text => {
                self.out.push(' ');
                escape::readable(name, self.out);
                self.out.push('=');
            }
        }
        true
    }
}

impl SpanFieldWriter<'_> {
    fn set(&mut self, field: &Field, write: impl FnOnce(&mut FieldWriter<'_>)) {
        let mut out = String::new();
        write(&mut FieldWriter {
            format: self.format,
            out: &mut out,
            message: None,
            beside: false,
        });
        if !out.is_empty() {
            self.fields.set(field.name(), out);
        }
    }
}

impl Visit for FieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &text::shown(format_args!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.text(field, &text::one_line(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.bare(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.bare(field, value);
        } else {
            // JSON has no word for these.
            self.text(field, &value.to_string());
        }
    }
}

impl Visit for SpanFieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, |writer| writer.record_debug(field, value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, |writer| writer.record_str(field, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, |writer| writer.record_error(field, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, |writer| writer.record_i64(field, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, |writer| writer.record_u64(field, value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.set(field, |writer| writer.record_i128(field, value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.set(field, |writer| writer.record_u128(field, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, |writer| writer.record_bool(field, value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, |writer| writer.record_f64(field, value));
    }
}

/// How many bytes the fields of one span may take. A value that does not fit is left out.
const MAX_SPAN: usize = 8 * 1024;
