//! Spans that wait for the end of their request.
//!
//! Where requests that fail or are slow are kept, the spans of those that are not sampled are recorded, too. They wait
//! here until the *local root*, the first span of a trace in this service, has ended, and then go on or go away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry::trace::{Span as _, SpanId, Status, TraceContextExt as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::exits::Exits;
use super::waiting::Waiting;
use crate::config::KeepSettings;

/// Takes spans that ended, and hands on those that are sampled or worth keeping.
#[derive(Debug)]
pub(super) struct Keeper {
    exits: Exits,
    settings: KeepSettings,
    waiting: Mutex<Waiting>,
}

impl Keeper {
    pub(super) fn new(exits: Exits, settings: KeepSettings) -> Self {
        Self {
            exits,
            settings,
            waiting: Mutex::default(),
        }
    }

    fn is_worth_keeping(&self, root: &SpanData) -> bool {
        let failed = matches!(root.status, Status::Error { .. });
        let took = root
            .end_time
            .duration_since(root.start_time)
            .unwrap_or_default();
        let slow = self.settings.slower_than.is_some_and(|limit| took > limit);
        (self.settings.errors && failed) || slow
    }

    fn end_of_root(&self, root: SpanData) {
        let trace_id = root.span_context.trace_id();
        let keeps = self.is_worth_keeping(&root);
        let waited = self.lock().end_of_root(trace_id, keeps);
        if !keeps {
            return;
        }
        if let Some(waited) = waited {
            let spans = waited.spans.into_iter();
            spans.for_each(|span| self.exits.on_end(span));
            self.exits.lose(waited.lost);
        }
        self.exits.on_end(root);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Keeper {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        if !span.span_context().is_sampled() && is_root(parent) {
            let trace_id = span.span_context().trace_id();
            self.lock().root(trace_id, Instant::now());
        }
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.exits.on_end(span);
        } else if span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID {
            self.end_of_root(span);
        } else {
            let late = self.lock().add(span);
            if let Some(span) = late {
                self.exits.on_end(span);
            }
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn is_root(parent: &Context) -> bool {
    let span = parent.span();
    let span = span.span_context();
    !span.is_valid() || span.is_remote()
}
