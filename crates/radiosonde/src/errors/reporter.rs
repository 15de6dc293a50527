//! Where reports are handed in.

use std::collections::BTreeMap;

use backtrace::Backtrace;
use radiosonde_catalog::{
    ERROR_EVENTS_CAPTURED, ERROR_EVENTS_DROPPED, ERROR_EVENTS_FAILED, ERROR_EVENTS_SENT,
};
use radiosonde_metrics::Registry;
use sentry_core::protocol::{Context, Event, TraceContext};

use super::current;
use super::report::Report;
use super::sentry::Sentry;
use crate::config::SentrySettings;
use crate::context::current_span;
use crate::io::pipeline::{self, Account, Queue};
use crate::io::{Io, is_telemetry_thread};

/// Takes reports. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Reporter(Queue<Report>);

impl Reporter {
    /// Starts the worker that sends to Sentry.
    pub(crate) fn start(
        io: &mut Io,
        settings: &SentrySettings,
        registry: &Registry,
    ) -> Option<Self> {
        let metrics = [
            &ERROR_EVENTS_CAPTURED,
            &ERROR_EVENTS_SENT,
            &ERROR_EVENTS_FAILED,
            &ERROR_EVENTS_DROPPED,
        ];
        let account = Account::open(registry, metrics);
        let sentry = Sentry::new(settings, io.client())?;
        Some(Self(pipeline::start(io, sentry, Sentry::BATCHING, account)))
    }

    pub(crate) fn account(&self) -> &Account {
        self.0.account()
    }

    /// Reports an event from where it happened: with the current span and the current request.
    ///
    /// Never blocks and never panics: it runs in the panic hook.
    pub(crate) fn report(&self, mut event: Event<'static>, backtrace: Option<Backtrace>) {
        // An error of the way out would only make more of them.
        if is_telemetry_thread() {
            return;
        }
        if let Some(trace) = trace_context() {
            event.contexts.insert("trace".into(), trace);
        }
        current::describe(&mut event);
        self.0.offer(Report { event, backtrace });
    }
}

fn trace_context() -> Option<Context> {
    let span = current_span()?;
    Some(Context::Trace(Box::new(TraceContext {
        trace_id: span.trace_id().to_bytes().into(),
        span_id: span.span_id().to_bytes().into(),
        op: Some("http.server".into()),
        data: BTreeMap::from([("sampled".into(), span.is_sampled().into())]),
        ..TraceContext::default()
    })))
}
