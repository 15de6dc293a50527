//! Spans that wait for the end of their request.
//!
//! Where requests that fail or are slow are kept, the spans of those that are not sampled are recorded, too. They wait
//! here until the *local root*, the first span of a trace in this service, has ended, and then go on or go away.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry::trace::{Span as _, SpanId, Status, TraceContextExt as _, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::exits::Exits;
use super::export::weight_of;
use crate::config::KeepSettings;

/// Takes spans that ended, and hands on those that are sampled or worth keeping.
#[derive(Debug)]
pub(super) struct Keeper {
    exits: Exits,
    settings: KeepSettings,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    traces: HashMap<TraceId, Trace>,
    bytes: usize,
}

/// The spans of one trace that is not sampled.
#[derive(Debug)]
struct Trace {
    began: Instant,
    /// How many local roots have not ended: a trace may come to one service twice.
    roots: usize,
    spans: Vec<SpanData>,
    bytes: usize,
    /// How many spans found no room.
    lost: u64,
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
        let trace = self.lock().end_of_root(trace_id, keeps);
        if !keeps {
            return;
        }
        if let Some(trace) = trace {
            trace
                .spans
                .into_iter()
                .for_each(|span| self.exits.on_end(span));
            self.exits.lose(trace.lost);
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
            self.lock().root(span.span_context().trace_id());
        }
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.exits.on_end(span);
        } else if span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID {
            self.end_of_root(span);
        } else {
            self.lock().add(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Waiting {
    fn root(&mut self, trace_id: TraceId) {
        if let Some(trace) = self.traces.get_mut(&trace_id) {
            trace.roots += 1;
            return;
        }
        if self.traces.len() >= MOST_TRACES {
            self.forget_old();
        }
        if self.traces.len() < MOST_TRACES {
            let trace = Trace {
                began: Instant::now(),
                roots: 1,
                spans: Vec::new(),
                bytes: 0,
                lost: 0,
            };
            self.traces.insert(trace_id, trace);
        }
    }

    fn add(&mut self, span: SpanData) {
        let Some(trace) = self.traces.get_mut(&span.span_context.trace_id()) else {
            // Its root has ended, or there are too many traces to wait for.
            return;
        };
        let bytes = weight_of(&span);
        if self.bytes + bytes > MOST_BYTES {
            trace.lost += 1;
            return;
        }
        self.bytes += bytes;
        trace.bytes += bytes;
        trace.spans.push(span);
    }

    /// Returns what waited, when it is wanted or nobody else waits for it.
    fn end_of_root(&mut self, trace_id: TraceId, keeps: bool) -> Option<Trace> {
        let trace = self.traces.get_mut(&trace_id)?;
        trace.roots -= 1;
        let trace = if trace.roots == 0 {
            self.traces.remove(&trace_id)?
        } else if keeps {
            let began = trace.began;
            let roots = trace.roots;
            let anew = Trace {
                began,
                roots,
                spans: Vec::new(),
                bytes: 0,
                lost: 0,
            };
            std::mem::replace(trace, anew)
        } else {
            return None;
        };
        self.bytes -= trace.bytes;
        Some(trace)
    }

    /// Makes room where roots never ended.
    fn forget_old(&mut self) {
        let bytes = &mut self.bytes;
        self.traces.retain(|_, trace| {
            let stays = trace.began.elapsed() < OLD;
            if !stays {
                *bytes -= trace.bytes;
            }
            stays
        });
    }
}

fn is_root(parent: &Context) -> bool {
    let span = parent.span();
    let span = span.span_context();
    !span.is_valid() || span.is_remote()
}

/// How many traces are waited for.
const MOST_TRACES: usize = 4_096;

/// How many bytes wait.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A request that takes longer is not waited for when there is no room for others.
const OLD: Duration = Duration::from_mins(5);
