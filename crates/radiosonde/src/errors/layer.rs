//! Errors that are logged.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::event::{Event, Exception};
use super::exception;
use super::report::bounded;
use super::reporter::Stack;
use super::{Level, Reporter};
use crate::text;

/// Reports each event of level `ERROR`, whether or not it becomes a log line.
#[derive(Debug)]
pub(crate) struct ErrorLayer(Reporter);

impl ErrorLayer {
    pub(crate) fn new(reporter: Reporter) -> Self {
        Self(reporter)
    }

    /// Tells whether an event with this metadata is reported. Meant for a filter.
    pub(crate) fn reports(metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == tracing::Level::ERROR
    }
}

impl<S: Subscriber> Layer<S> for ErrorLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        self.0.report(fields.into_event(metadata), Stack::Left);
    }
}

/// The fields of an event, as a report has them.
#[derive(Debug, Default)]
struct Fields {
    message: Option<String>,
    others: BTreeMap<String, Value>,
    /// Errors and their causes, the innermost cause first, as Sentry orders them.
    exceptions: Vec<Exception>,
}

impl Fields {
    fn into_event(self, metadata: &Metadata<'_>) -> Event {
        let mut event = Event::new(Level::Error);
        event.logger = Some(metadata.target().into());
        event.message = self.message;
        event.exception.0 = self.exceptions;
        event.extra = self.others;
        event
    }

    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        if !text::is_of_the_bridge(field.name()) {
            self.others.insert(field.name().into(), value.into());
        }
    }

    fn text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = Some(bounded(text));
        } else {
            self.insert(field, bounded(text));
        }
    }
}

impl Visit for Fields {
    fn record_error(&mut self, _: &Field, error: &(dyn Error + 'static)) {
        self.exceptions.extend(exception::chain(error));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &text::shown(format_args!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }
}
