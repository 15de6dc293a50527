//! Errors that are logged.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use sentry_core::parse_type_from_debug;
use sentry_core::protocol::{Event, Exception, Level, Value};
use tracing::field::{Field, Visit};
use tracing::{Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::Reporter;
use super::report::bounded;
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
        self.0.report(fields.into_event(metadata), None);
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
    fn into_event(self, metadata: &Metadata<'_>) -> Event<'static> {
        Event {
            level: Level::Error,
            logger: Some(metadata.target().into()),
            message: self.message,
            exception: self.exceptions.into(),
            extra: self.others,
            ..Event::default()
        }
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
        let chain: Vec<_> = text::chain(error).collect();
        self.exceptions
            .extend(chain.into_iter().rev().map(exception));
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

fn exception(error: &(dyn Error + 'static)) -> Exception {
    let debug = text::shown(format_args!("{error:?}"));
    Exception {
        ty: bounded(parse_type_from_debug(&debug)),
        value: Some(bounded(&text::shown(error))),
        ..Exception::default()
    }
}
