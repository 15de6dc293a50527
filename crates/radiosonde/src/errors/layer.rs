//! Logged events: errors are reported, and what comes before them is told with them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::time::SystemTime;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::Context;

use super::Reporter;
use super::breadcrumbs::Breadcrumb;
use super::event::{Event, Exception};
use super::exception;
use super::fields::Fields;
use super::report::{MAX_FIELD, MAX_TEXT, cut, shown};
use super::reporter::Origin;
use crate::io::is_telemetry_thread;
use crate::text;

/// Reports each event of level `ERROR`, whether or not it becomes a log line, and leaves a breadcrumb of each from `INFO` up.
#[derive(Debug)]
pub(crate) struct ErrorLayer(Reporter);

impl ErrorLayer {
    pub(crate) fn new(reporter: Reporter) -> Self {
        Self(reporter)
    }

    /// Lets through what the layer makes something of.
    pub(crate) fn filter(&self) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
        let most = if self.0.leaves_breadcrumbs() {
            Level::INFO
        } else {
            Level::ERROR
        };
        let wanted =
            move |metadata: &Metadata<'_>| metadata.is_event() && *metadata.level() <= most;
        FilterFn::new(wanted).with_max_level_hint(LevelFilter::from_level(most))
    }
}

impl<S: Subscriber> Layer<S> for ErrorLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        // What the way out says of itself is no part of what it reports.
        if is_telemetry_thread() {
            return;
        }
        let normalized = event.normalized_metadata();
        // What came from the `log` crate has a target that nobody knew before.
        let target: Cow<'static, str> = match &normalized {
            Some(metadata) => metadata.target().to_owned().into(),
            None => event.metadata().target().into(),
        };
        let level = *event.metadata().level();
        if level == Level::ERROR {
            let mut said = Said::new(&OF_EVENT);
            event.record(&mut said);
            self.0
                .report(said.into_event(target.clone()), Origin::Elsewhere);
        }
        if self.0.leaves_breadcrumbs() {
            let mut said = Said::new(&OF_BREADCRUMB);
            event.record(&mut said);
            self.0.leave(said.into_breadcrumb(level, target));
        }
    }
}

/// How much of an event is kept: a full queue, and the requests in flight, must not take much memory.
#[derive(Debug)]
struct Room {
    /// Bytes of the message.
    message: usize,
    /// How many fields.
    fields: usize,
    /// Bytes of each.
    field: usize,
}

const OF_EVENT: Room = Room {
    message: MAX_TEXT,
    fields: 32,
    field: MAX_FIELD,
};

const OF_BREADCRUMB: Room = Room {
    message: 512,
    fields: 4,
    field: 256,
};

/// What an event says.
#[derive(Debug)]
struct Said {
    room: &'static Room,
    message: Option<String>,
    fields: Fields,
    /// Errors and their causes, the innermost cause first, as Sentry orders them.
    exceptions: Vec<Exception>,
}

impl Said {
    fn new(room: &'static Room) -> Self {
        Self {
            room,
            message: None,
            fields: Fields::default(),
            exceptions: Vec::new(),
        }
    }

    fn into_event(self, target: Cow<'static, str>) -> Event {
        let mut event = Event::new(super::Level::Error);
        event.logger = Some(target);
        event.message = self.message;
        event.exception.0 = self.exceptions;
        event.extra = self.fields;
        event
    }

    fn into_breadcrumb(self, level: Level, target: Cow<'static, str>) -> Breadcrumb {
        let mut data = self.fields;
        let errors = self.exceptions.into_iter().rev();
        let errors: Vec<_> = errors.map(|error| error.value).collect();
        if !errors.is_empty() {
            let error = cut(&errors.join(": "), self.room.message);
            data.insert("error", error);
        }
        Breadcrumb {
            timestamp: SystemTime::now(),
            level: level.into(),
            category: target,
            message: self.message,
            data,
        }
    }

    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        let is_room = self.fields.len() < self.room.fields;
        if is_room && !text::is_of_the_bridge(field.name()) {
            self.fields.insert(field.name(), value);
        }
    }

    fn text(&mut self, field: &Field, text: impl Display) {
        if field.name() == "message" {
            self.message = Some(shown(text, self.room.message));
        } else {
            self.insert(field, shown(text, self.room.field));
        }
    }
}

impl Visit for Said {
    fn record_error(&mut self, _: &Field, error: &(dyn Error + 'static)) {
        self.exceptions.extend(exception::chain(error));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format_args!("{value:?}"));
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
