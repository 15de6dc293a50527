//! Where reports are handed in.

use std::sync::{Arc, Mutex, TryLockError};

use radiosonde_catalog::{
    ERROR_EVENTS_CAPTURED, ERROR_EVENTS_DROPPED, ERROR_EVENTS_FAILED, ERROR_EVENTS_SENT,
};
use radiosonde_metrics::Registry;

use super::ErrorReport;
use super::breadcrumbs::{Breadcrumb, Breadcrumbs};
use super::current::{self, Place, with_notes};
use super::event::{Event, Trace, TraceData};
use super::gate::Gate;
use super::losses::Loss;
use super::preparation::Preparation;
use super::project::Project;
use super::sending::Sending;
use super::sessions::{SessionEnd, Sessions};
use super::stack;
use crate::config::SentrySettings;
use crate::context::current_span;
use crate::io::pipeline::{self, Account, Queue};
use crate::io::{HttpOptions, Io, is_telemetry_thread};

/// Takes reports. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Reporter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Queue<ErrorReport>,
    gate: Gate,
    project: Arc<Project>,
    sessions: Option<Sessions>,
    /// How many breadcrumbs a report has at most.
    most_breadcrumbs: usize,
    /// What happened outside of requests.
    loose_breadcrumbs: Mutex<Breadcrumbs>,
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
        let project = Arc::new(Project::new(settings, io.client(HttpOptions::default())));
        let preparation = Preparation::new(settings);
        let sending = Sending::new(preparation, project.clone(), settings.debug);
        let sessions = Sessions::start(io, settings, project.clone(), registry);
        current::start();
        Self(Arc::new(Inner {
            queue: pipeline::start(io, sending, Sending::BATCHING, account),
            gate: Gate::new(settings, registry),
            project,
            sessions,
            most_breadcrumbs: settings.options.breadcrumbs,
            loose_breadcrumbs: Mutex::default(),
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
        let gate = &self.0.gate;
        // Before it is noted as told: what is ignored must not keep quiet what is not.
        if let Err(loss) = gate.ignore(&event, current::route()) {
            return self.0.project.losses().note(loss);
        }
        event.contexts.trace = trace();
        match current::describe(&mut event) {
            Place::News => {}
            Place::Repeated => return gate.count_repeated(),
            Place::Nowhere => {
                event.breadcrumbs = self
                    .with_loose(|loose| loose.to_values())
                    .unwrap_or_default();
            }
        }
        if let Err(loss) = gate.admit() {
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

    /// Counts a failure that is the one that was reported before.
    pub(super) fn repeat(&self) {
        self.0.gate.count_repeated();
    }

    /// Tells whether breadcrumbs are left.
    pub(crate) fn leaves_breadcrumbs(&self) -> bool {
        self.0.most_breadcrumbs > 0
    }

    /// Leaves a breadcrumb for the reports to come: of the current request, else of what happens outside of requests.
    pub(super) fn leave(&self, breadcrumb: Breadcrumb) {
        let most = self.0.most_breadcrumbs;
        let mut breadcrumb = Some(breadcrumb);
        let mut leave = |breadcrumbs: &mut Breadcrumbs| {
            if let Some(breadcrumb) = breadcrumb.take() {
                breadcrumbs.push(breadcrumb, most);
            }
        };
        if with_notes(|noted| leave(&mut noted.breadcrumbs)).is_none() {
            self.with_loose(leave);
        }
    }

    /// Counts a request that has ended.
    pub(super) fn end_session(&self, end: SessionEnd) {
        if let Some(sessions) = &self.0.sessions {
            sessions.note(end);
        }
    }

    /// Runs `with` with what happened outside of requests, unless another thread does: none waits for another.
    fn with_loose<T>(&self, with: impl FnOnce(&mut Breadcrumbs) -> T) -> Option<T> {
        match self.0.loose_breadcrumbs.try_lock() {
            Ok(mut loose) => Some(with(&mut loose)),
            Err(TryLockError::Poisoned(loose)) => Some(with(&mut loose.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

pub(super) fn trace() -> Option<Trace> {
    let span = current_span()?;
    Some(Trace {
        id: span.trace_id().to_string(),
        span_id: span.span_id().to_string(),
        data: TraceData {
            sampled: span.is_sampled(),
        },
    })
}
