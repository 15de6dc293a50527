//! Where spans go that are worth it.

use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::export::SpanQueue;
use crate::console::{Console, Printed};

/// The ways out: to the collector, into the log, or both.
#[derive(Debug)]
pub(crate) struct Exits {
    queue: Option<SpanQueue>,
    console: Option<Console>,
}

impl Exits {
    pub(crate) fn new(queue: Option<SpanQueue>, console: Option<Console>) -> Self {
        Self { queue, console }
    }

    /// Counts spans that were lost before they came here.
    pub(super) fn lose(&self, count: u64) {
        if let Some(queue) = &self.queue {
            queue.lose(count);
        }
    }
}

impl SpanProcessor for Exits {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if let Some(console) = &self.console {
            print(console, &span);
        }
        if let Some(queue) = &self.queue {
            queue.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        // The telemetry thread flushes at the end; nobody else may wait for the network.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn print(console: &Console, span: &SpanData) {
    let took = span.end_time.duration_since(span.start_time);
    let status = match &span.status {
        Status::Unset => "unset",
        Status::Ok => "ok",
        Status::Error { .. } => "error",
    };
    let mut fields = vec![
        (
            Cow::Borrowed("duration_seconds"),
            took.unwrap_or_default().as_secs_f64().to_string(),
        ),
        (Cow::Borrowed("kind"), format!("{:?}", span.span_kind)),
        (Cow::Borrowed("status"), status.to_owned()),
    ];
    if span.parent_span_id != SpanId::INVALID {
        fields.push(("parent_span_id".into(), span.parent_span_id.to_string()));
    }
    let attributes = span.attributes.iter();
    fields.extend(attributes.map(|pair| (pair.key.as_str().into(), pair.value.to_string())));
    console.print(&Printed {
        target: "radiosonde::spans",
        message: &span.name,
        fields: &fields,
        ids: Some(span.span_context.clone()),
    });
}
