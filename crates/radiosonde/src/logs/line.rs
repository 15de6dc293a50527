//! One event, before it is a line.

use std::time::SystemTime;

use opentelemetry::trace::SpanContext;
use tracing::Level;

/// What every line says of the service.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
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
