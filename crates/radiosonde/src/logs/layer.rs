//! The layer: from an event to a line.

use std::cell::RefCell;
use std::io::Write;
use std::time::SystemTime;

use radiosonde_catalog::{LOG_LINES, LOG_LINES_LOST};
use radiosonde_metrics::Registry;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{FieldWriter, SpanFieldWriter, SpanFields};
use super::line::{Line, Named};
use super::{LineWriter, json, text};
use crate::config::{LogFormat, LogSettings};
use crate::context::current_span;

/// Writes each event that its filter lets through as one line.
#[derive(Debug)]
pub(crate) struct LogLayer {
    format: LogFormat,
    colours: bool,
    service: Named,
    writer: LineWriter,
}

impl LogLayer {
    /// Makes a layer that writes to `out`.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system when there can be no thread to write on.
    pub(crate) fn new(
        out: impl Write + Send + 'static,
        settings: &LogSettings,
        name: &str,
        version: Option<&str>,
        registry: &Registry,
    ) -> std::io::Result<Self> {
        let lines = registry.counter(&LOG_LINES, &[]);
        let lost = registry.counter(&LOG_LINES_LOST, &[]);
        Ok(Self {
            format: settings.format,
            colours: settings.colours,
            service: Named {
                name: name.into(),
                version: version.map(Into::into),
            },
            writer: LineWriter::start(out, lines, lost)?,
        })
    }

    /// Returns the writer, to be flushed at the end.
    pub(crate) fn writer(&self) -> LineWriter {
        self.writer.clone()
    }

    fn spans_of<S>(&self, event: &Event<'_>, context: &Context<'_, S>, out: &mut String)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            let extensions = span.extensions();
            let fields = extensions
                .get::<SpanFields>()
                .into_iter()
                .flat_map(SpanFields::iter);
            match self.format {
                LogFormat::Json => json::span(span.name(), fields, out),
                LogFormat::Text => text::span(span.name(), fields, out),
            }
        }
    }

    fn write(&self, line: &Line<'_>, out: &mut String) {
        match self.format {
            LogFormat::Json => json::line(line, &self.service, out),
            LogFormat::Text => text::line(line, self.colours, out),
        }
        self.writer.write(out.as_bytes());
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = SpanFields::default();
            attributes.record(&mut SpanFieldWriter {
                format: self.format,
                fields: &mut fields,
            });
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            // Formatted outside the extensions, which others may want while a value formats itself.
            let mut anew = SpanFields::default();
            values.record(&mut SpanFieldWriter {
                format: self.format,
                fields: &mut anew,
            });
            let mut extensions = span.extensions_mut();
            match extensions.get_mut::<SpanFields>() {
                Some(fields) => fields.merge(anew),
                None => extensions.insert(anew),
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        with_buffers(|buffers| {
            let [message, fields, spans, out] = buffers;
            event.record(&mut FieldWriter {
                format: self.format,
                out: fields,
                message: Some(message),
            });
            self.spans_of(event, &context, spans);
            let normalized = event.normalized_metadata();
            let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
            let line = Line {
                time: SystemTime::now(),
                level: *metadata.level(),
                target: metadata.target(),
                message,
                fields,
                spans,
                ids: current_span(),
            };
            self.write(&line, out);
        });
    }
}

/// Lends the buffers of this thread, emptied. An event that is logged while another is being formatted, or on a thread
/// that is ending, gets buffers of its own.
fn with_buffers(format: impl FnOnce(&mut [String; 4])) {
    let lent = BUFFERS.try_with(|buffers| {
        buffers
            .try_borrow_mut()
            .map(|mut buffers| std::mem::take(&mut *buffers))
    });
    let mut buffers = lent.ok().and_then(Result::ok).unwrap_or_default();
    buffers.iter_mut().for_each(String::clear);
    format(&mut buffers);
    if buffers.iter().all(|buffer| buffer.capacity() <= MAX_KEPT) {
        let _ = BUFFERS.try_with(|kept| kept.try_borrow_mut().map(|mut kept| *kept = buffers));
    }
}

thread_local! {
    static BUFFERS: RefCell<[String; 4]> = RefCell::default();
}

/// A thread keeps no buffer larger than this after an unusually long line.
const MAX_KEPT: usize = 16 * 1024;
