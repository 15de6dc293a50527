//! The layer: from an event to a line.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{FieldWriter, SpanFieldWriter, SpanFields};
use super::line::{Line, Look};
use super::{LineWriter, json, text};
use crate::config::{LogFields, LogFormat};
use crate::context::current_span;

/// Writes each event that its filter lets through as one line.
#[derive(Debug)]
pub(crate) struct LogLayer {
    look: Arc<Look>,
    writer: LineWriter,
}

impl LogLayer {
    pub(crate) fn new(look: Arc<Look>, writer: LineWriter) -> Self {
        Self { look, writer }
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
            match self.look.format {
                LogFormat::Json => json::span(span.name(), fields, out),
                LogFormat::Text => text::span(span.name(), fields, out),
            }
        }
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
                format: self.look.format,
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
                format: self.look.format,
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
                format: self.look.format,
                out: fields,
                message: Some(message),
                beside: self.look.fields == LogFields::Flat,
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
            self.look.line(&line, out);
            self.writer.write(out.as_bytes());
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
