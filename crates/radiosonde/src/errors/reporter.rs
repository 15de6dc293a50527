//! Where reports are handed in.

use std::sync::Arc;

use radiosonde_catalog::{
    ERROR_EVENTS_CAPTURED, ERROR_EVENTS_DROPPED, ERROR_EVENTS_FAILED, ERROR_EVENTS_SENT,
};
use radiosonde_metrics::Registry;

use super::ErrorReport;
use super::current;
use super::event::{Event, Trace, TraceData};
use super::gate::Gate;
use super::losses::Loss;
use super::preparation::Preparation;
use super::project::Project;
use super::sending::Sending;
use super::stack;
use crate::config::SentrySettings;
use crate::context::current_span;
use crate::io::pipeline::{self, Account, Queue};
use crate::io::{Io, is_telemetry_thread};

/// Takes reports. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Reporter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Queue<ErrorReport>,
    gate: Gate,
    project: Arc<Project>,
}

/// Whether the stack of this thread is part of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stack {
    /// It shows where it happened.
    Taken,
    /// It shows where somebody heard of it.
    Left,
}

impl Reporter {
    /// Starts the worker that sends to Sentry.
    pub(crate) fn start(io: &mut Io, settings: &SentrySettings, registry: &Registry) -> Self {
        let metrics = [
            &ERROR_EVENTS_CAPTURED,
            &ERROR_EVENTS_SENT,
            &ERROR_EVENTS_FAILED,
            &ERROR_EVENTS_DROPPED,
        ];
        let account = Account::open(registry, metrics);
        let project = Arc::new(Project::new(&settings.dsn, io.client()));
        let preparation = Preparation::new(settings);
        let sending = Sending::new(preparation, project.clone(), settings.debug);
        Self(Arc::new(Inner {
            queue: pipeline::start(io, sending, Sending::BATCHING, account),
            gate: Gate::new(settings, registry),
            project,
        }))
    }

    pub(crate) fn account(&self) -> &Account {
        self.0.queue.account()
    }

    /// Reports an event from where it happened: with the current span and the current request.
    ///
    /// Never blocks and never panics: it runs in the panic hook.
    pub(super) fn report(&self, mut event: Event, stack: Stack) {
        // An error of the way out would only make more of them.
        if is_telemetry_thread() {
            return;
        }
        event.contexts.trace = trace();
        let route = current::describe(&mut event);
        if let Err(loss) = self.0.gate.admit(&event, route) {
            return self.0.project.losses().note(loss);
        }
        let backtrace = match stack {
            Stack::Taken => stack::capture(),
            Stack::Left => None,
        };
        if !self.0.queue.offer(ErrorReport::new(event, backtrace)) {
            self.0.project.losses().note(Loss::QueueFull);
        }
    }
}

fn trace() -> Option<Trace> {
    let span = current_span()?;
    Some(Trace {
        id: span.trace_id().to_string(),
        span_id: span.span_id().to_string(),
        data: TraceData {
            sampled: span.is_sampled(),
        },
    })
}
