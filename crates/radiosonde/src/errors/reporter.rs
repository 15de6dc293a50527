//! Where reports are handed in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use radiosonde_catalog::{
    ERROR_EVENTS_CAPTURED, ERROR_EVENTS_DROPPED, ERROR_EVENTS_FAILED, ERROR_EVENTS_SENT,
};
use radiosonde_metrics::Registry;
use tokio::sync::oneshot;

use super::ErrorReport;
use super::breadcrumbs::{Breadcrumb, Breadcrumbs};
use super::current::{self, with_notes};
use super::event::{Event, Trace, TraceData};
use super::gate::Gate;
use super::losses::Loss;
use super::project::Project;
use super::reentry::unless_at_it;
use super::sending::Sending;
use super::sessions::{SessionEnd, Sessions};
use super::stack::Stack;
use super::told::{OfPanic, ToldPanics};
use crate::config::SentrySettings;
use crate::context::current_span;
use crate::io::pipeline::{self, Account, Queue, Slot};
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
    told_panics: Mutex<ToldPanics>,
}

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From what this thread does, which its stack shows.
    Here,
    /// From somewhere that was heard of here.
    Elsewhere,
}

impl Origin {
    /// Returns how many bytes a stack takes that shows it.
    fn weight(self) -> usize {
        match self {
            Self::Here => Stack::BYTES,
            Self::Elsewhere => 0,
        }
    }

    fn stack(self) -> Option<Stack> {
        match self {
            Self::Here => Stack::walk(),
            Self::Elsewhere => None,
        }
    }
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
        let client = io.client(HttpOptions::to(&settings.dsn.envelopes));
        let project = Arc::new(Project::new(settings, client));
        let (ends, reports_end) = oneshot::channel();
        let sending = Sending::new(settings, project.clone(), ends);
        let batching = Sending::batching(settings);
        let sessions = Sessions::start(io, settings, project.clone(), registry, reports_end);
        current::start();
        Self(Arc::new(Inner {
            queue: pipeline::start(io, sending, batching, account),
            gate: Gate::new(settings, registry),
            project,
            sessions,
            most_breadcrumbs: settings.options.breadcrumbs,
            loose_breadcrumbs: Mutex::default(),
            told_panics: Mutex::default(),
        }))
    }

    pub(crate) fn account(&self) -> &Account {
        self.0.queue.account()
    }

    /// Reports an event from where it happened: with the current span and the current request.
    ///
    /// Never panics, and waits neither for Sentry nor for the telemetry thread: it runs in the panic hook.
    pub(super) fn report(&self, event: Event, origin: Origin) {
        // An error of the way out would only make more of them.
        if is_telemetry_thread() {
            return;
        }
        if let Err(loss) = self.hand_over(event, origin) {
            self.0.project.losses().note(loss);
        }
    }

    /// Hands an event over, unless it says what was reported in its request. One that is not to be sent, or has no room, is turned
    /// away before anything is copied for it and its stack is walked.
    ///
    /// # Errors
    ///
    /// Returns why it is not sent.
    fn hand_over(&self, mut event: Event, origin: Origin) -> Result<(), Loss> {
        let gate = &self.0.gate;
        // Before it is noted as told: what is ignored must not keep quiet what is not.
        gate.ignore(&event, current::route())?;
        if !current::is_news(&event) || !self.is_news(&event) {
            gate.count_repeated();
            return Ok(());
        }
        gate.admit()?;
        let weight = event.weight() + origin.weight();
        let slot = self.describe(&mut event, weight).ok_or(Loss::QueueFull)?;
        event.contexts.trace = trace().or_else(current::followed_trace);
        let report = ErrorReport::new(event, origin.stack(), slot.weight());
        slot.fill(report);
        Ok(())
    }

    /// Takes note of a panic, and returns whether an event is no news of one, whatever request it belonged to.
    fn is_news(&self, event: &Event) -> bool {
        // Nearly all events are about none, and do not meet here. Those that do wait for as long as another compares texts.
        let told = || self.0.told_panics.lock();
        let is_news = |of_panic| {
            unless_at_it(|| {
                let mut told = told().unwrap_or_else(PoisonError::into_inner);
                told.is_news(of_panic)
            })
        };
        OfPanic::of(event).and_then(is_news).unwrap_or(true)
    }

    /// Takes room for an event of this weight, if there is any, and adds what is known of its request and of what happened before.
    fn describe(&self, event: &mut Event, weight: usize) -> Option<Slot<'_, ErrorReport>> {
        let reserve = |weight| self.0.queue.reserve(weight);
        let inside = current::with_request(|request| {
            let slot = reserve(weight + request.weight())?;
            request.describe(event);
            Some(slot)
        });
        let outside = || {
            self.with_loose(|loose| {
                let slot = reserve(weight + loose.weight())?;
                event.breadcrumbs = loose.to_values();
                Some(slot)
            })
        };
        inside.or_else(outside).unwrap_or_else(|| reserve(weight))
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

    /// Runs `with` with what happened outside of requests, unless another thread does.
    fn with_loose<T>(&self, with: impl FnOnce(&mut Breadcrumbs) -> T) -> Option<T> {
        let mut loose = unless_in_use(&self.0.loose_breadcrumbs)?;
        Some(with(&mut loose))
    }
}

/// Locks what all threads share, unless another has done so: none waits for another.
fn unless_in_use<T>(shared: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match shared.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

pub(super) fn trace() -> Option<Trace> {
    let span = current_span()?;
    Some(Trace {
        id: span.trace_id(),
        span_id: span.span_id(),
        data: TraceData {
            sampled: span.is_sampled(),
        },
    })
}
