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
use super::roots::Roots;
use super::waiting::{Waited, Waiting};
use crate::config::KeepSettings;

/// Takes spans that ended, and hands on those that are sampled or worth keeping.
#[derive(Debug)]
pub(super) struct Keeper {
    exits: Exits,
    settings: KeepSettings,
    state: Mutex<State>,
}

/// What is known of traces that are not sampled.
#[derive(Debug, Default)]
struct State {
    roots: Roots,
    waiting: Waiting,
}

impl Keeper {
    pub(super) fn new(exits: Exits, settings: KeepSettings) -> Self {
        Self {
            exits,
            settings,
            state: Mutex::default(),
        }
    }

    fn is_worth_keeping(&self, root: &SpanData, took: Duration) -> bool {
        let failed = matches!(root.status, Status::Error { .. });
        let slow = self.settings.slower_than.is_some_and(|limit| took > limit);
        (self.settings.errors && failed) || slow
    }

    fn end_of_root(&self, root: SpanData) {
        let mut state = self.lock();
        let took = state.roots.end(root.span_context.span_id(), Instant::now());
        let keeps = self.is_worth_keeping(&root, took.unwrap_or_else(|| by_the_wall(&root)));
        let waited = state.waiting.end_of_root(&root.span_context, keeps);
        drop(state);
        self.hand_on(waited);
        if keeps {
            self.exits.on_end(root);
        }
    }

    fn hand_on(&self, waited: Waited) {
        let spans = waited.spans.into_iter();
        spans.for_each(|span| self.exits.on_end(span));
        if waited.lost > 0 {
            self.exits.lose(waited.lost);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Keeper {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        let span = span.span_context();
        if span.is_sampled() {
            return;
        }
        if is_root(parent) {
            let State { roots, waiting } = &mut *self.lock();
            let now = Instant::now();
            roots.begin(span.span_id(), now);
            waiting.root(span, now);
        } else {
            let lost_already = self.lock().waiting.begin(span);
            self.hand_on(lost_already);
        }
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.exits.on_end(span);
        } else if span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID {
            self.end_of_root(span);
        } else {
            let waits_no_longer = self.lock().waiting.end(span);
            self.hand_on(waits_no_longer);
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

/// Returns how long a span took by the clock of the wall, which somebody may have set meanwhile.
fn by_the_wall(span: &SpanData) -> Duration {
    let took = span.end_time.duration_since(span.start_time);
    took.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    #[test]
    fn a_root_is_slow_by_a_clock_that_nobody_sets() {
        let hour = Duration::from_hours(1);
        let settings = KeepSettings {
            errors: false,
            slower_than: Some(hour),
        };
        let keeper = Keeper::new(Exits::new(None, None), settings);
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let mut root = tracer.start("root").exported_data().unwrap();
        root.end_time = root.start_time - hour;
        assert!(keeper.is_worth_keeping(&root, hour * 2));
        assert_eq!(by_the_wall(&root), Duration::ZERO);
        root.end_time = root.start_time + hour * 2;
        assert!(!keeper.is_worth_keeping(&root, hour / 2));
        assert_eq!(by_the_wall(&root), hour * 2);
    }
}
