//! One event, before it is a line.

use std::time::SystemTime;

use opentelemetry::trace::SpanContext;
use tracing::Level;

#[cfg(feature = "otlp")]
use super::fields::FieldWriter;
use super::{json, text};
use crate::config::{LogFields, LogFormat};
#[cfg(feature = "otlp")]
use crate::console::Printed;

/// What every line says of the service.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
}

/// How lines look.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) format: LogFormat,
    pub(crate) fields: LogFields,
    pub(crate) colours: bool,
    pub(crate) service: Named,
}

impl Look {
    /// Appends a line, with its end.
    pub(crate) fn line(&self, line: &Line<'_>, out: &mut String) {
        match self.format {
            LogFormat::Json => json::line(line, &self.service, self.fields, out),
            LogFormat::Text => text::line(line, self.colours, out),
        }
    }
}

#[cfg(feature = "otlp")]
impl Look {
    /// Returns the line of something that is no event, with its end.
    pub(crate) fn printed(&self, printed: &Printed<'_>) -> String {
        let mut fields = String::new();
        let mut writer = FieldWriter {
            format: self.format,
            out: &mut fields,
            message: None,
            beside: self.fields == LogFields::Flat,
        };
        for (name, value) in printed.fields {
            writer.pair(name, value);
        }
        let mut out = String::new();
        let line = Line {
            time: SystemTime::now(),
            level: Level::INFO,
            target: printed.target,
            message: printed.message,
            fields: &fields,
            spans: "",
            ids: printed.ids.clone(),
        };
        self.line(&line, &mut out);
        out
    }
}

/// One event, on its way to being a line.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) time: SystemTime,
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) message: &'a str,
    /// The fields, formatted.
    pub(crate) fields: &'a str,
    /// The spans around the event, outermost first, formatted.
    pub(crate) spans: &'a str,
    pub(crate) ids: Option<SpanContext>,
}
