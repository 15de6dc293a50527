//! The fields of an event or a span, as text.

use std::error::Error;
use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};

use super::escape;
use crate::causes;
use crate::config::LogFormat;

/// Appends fields to `out` in the given format: `,"name":value` or ` name=value`. The message goes apart.
#[derive(Debug)]
pub(crate) struct FieldWriter<'a> {
    pub(crate) format: LogFormat,
    pub(crate) out: &'a mut String,
    pub(crate) message: &'a mut String,
}

impl FieldWriter<'_> {
    /// Writes a number, or a word that needs no quotes.
    fn bare(&mut self, field: &Field, value: impl std::fmt::Display) {
        if self.name(field) {
            // Writing to a `String` cannot fail.
            let _ = write!(self.out, "{value}");
        }
    }

    fn text(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            return self.message.push_str(value);
        }
        if !self.name(field) {
            return;
        }
        let quoted = match self.format {
            LogFormat::Json => true,
            LogFormat::Text => value.is_empty() || value.contains([' ', '"', '=']),
        };
        let quote = if quoted { "\"" } else { "" };
        self.out.push_str(quote);
        match self.format {
            LogFormat::Json => escape::json(value, self.out),
            LogFormat::Text => escape::readable(value, self.out),
        }
        self.out.push_str(quote);
    }

    /// Writes the name, unless it is one that the bridge of the `log` crate keeps for itself.
    fn name(&mut self, field: &Field) -> bool {
        let name = field.name();
        if name.starts_with("log.") {
            return false;
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        match self.format {
            LogFormat::Json => {
                self.out.push_str(",\"");
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

impl Visit for FieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.text(field, &causes::one_line(value));
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
