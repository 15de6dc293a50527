//! Reports on their way: the work of the telemetry thread.

use std::sync::Arc;
use std::time::Duration;

use super::ErrorReport;
use super::deployment::Deployment;
use super::envelope::Envelope;
use super::event::{Event, EventId};
use super::losses::{Loss, Losses};
use super::preparation::Preparation;
use super::project::{NotSent, Project};
use super::rate_limits::Category;
use crate::config::SentrySettings;
use crate::io::Aside;
use crate::io::pipeline::{Batching, Delivered, Destination};

/// Prepares reports and sends them.
#[derive(Debug)]
pub(super) struct Sending {
    preparation: Arc<Preparation>,
    deployment: Deployment,
    /// Where reports are prepared, so that others do not wait to be sent.
    threads: Aside,
    project: Arc<Project>,
    /// Whether the log tells what becomes of each.
    debug: bool,
}

impl Sending {
    /// One report is one request; a hundred waiting ones are more than anybody reads.
    pub(super) const BATCHING: Batching = Batching {
        queue: 100,
        bytes: MAX_BYTES,
        batch: 1,
        delay: Duration::ZERO,
        timeout: Project::TIMEOUT,
    };

    pub(super) fn new(settings: &SentrySettings, project: Arc<Project>) -> Self {
        Self {
            preparation: Arc::new(Preparation::new(settings)),
            deployment: Deployment::of(settings),
            threads: Aside::new(THREADS),
            project,
            debug: settings.debug,
        }
    }

    /// Completes a report, without its stack when the symbols take too long. `None` when the service keeps it back.
    ///
    /// # Errors
    ///
    /// Returns why there is no event: something panicked, or does not end.
    async fn prepared(&self, mut report: ErrorReport) -> Result<Option<Event>, String> {
        let mut stacktrace = None;
        if let Some(stack) = report.take_stack() {
            let look_up = move || stack.look_up();
            let found = self.threads.run(PREPARING, look_up).await;
            stacktrace = found.ok().flatten();
        }
        let preparation = self.preparation.clone();
        let prepare = move || preparation.prepare(report, stacktrace);
        let prepared = self.threads.run(PREPARING, prepare).await;
        prepared.map_err(|undone| format!("its preparation {undone}"))
    }

    async fn send_one(&self, report: ErrorReport) -> Result<Delivered, String> {
        const HELD_BACK: Delivered = Delivered {
            refused: 0,
            held_back: 1,
            said: String::new(),
        };
        let mut fate = Fate::new(self.project.losses());
        if self.project.is_paused(Category::Error) {
            fate.is(Loss::Paused);
            return Ok(HELD_BACK);
        }
        let prepared = self.prepared(report).await;
        let Some(event) = prepared.inspect_err(|_| fate.is(Loss::Unprepared))? else {
            fate.is(Loss::KeptBack);
            return Ok(HELD_BACK);
        };
        let id = EventId::random();
        let mut envelope = Envelope::new(Some(id));
        envelope.item("event", &self.deployment.with(&event, id));
        let sent = self.project.post(Category::Error, envelope).await;
        if self.debug {
            tell(&event, id, sent.as_ref().err());
        }
        match sent {
            Ok(()) => {
                fate.is_sent();
                Ok(Delivered::default())
            }
            Err(NotSent::Paused) => {
                fate.is(Loss::Paused);
                Ok(HELD_BACK)
            }
            Err(NotSent::Refused(reason)) => {
                fate.is(Loss::Refused);
                Err(reason)
            }
            Err(NotSent::NoAnswer(reason)) => Err(reason),
        }
    }
}

impl Destination for Sending {
    type Item = ErrorReport;
    const ITEMS: &'static str = "error reports";

    fn weight(report: &ErrorReport) -> usize {
        report.weight
    }

    async fn send(&self, batch: Vec<ErrorReport>) -> Result<Delivered, String> {
        let mut delivered = Delivered::default();
        for report in batch {
            let one = self.send_one(report).await?;
            delivered.refused += one.refused;
            delivered.held_back += one.held_back;
        }
        Ok(delivered)
    }
}

/// What becomes of a report: lost without an answer, unless something else is said in time.
struct Fate<'a> {
    losses: &'a Losses,
    loss: Option<Loss>,
}

impl<'a> Fate<'a> {
    fn new(losses: &'a Losses) -> Self {
        Self {
            losses,
            loss: Some(Loss::NoAnswer),
        }
    }

    fn is(&mut self, loss: Loss) {
        self.loss = Some(loss);
    }

    fn is_sent(&mut self) {
        self.loss = None;
    }
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        if let Some(loss) = self.loss {
            self.losses.note(loss);
        }
    }
}

fn tell(event: &Event, event_id: EventId, not_sent: Option<&NotSent>) {
    let transaction = event.transaction.as_deref().unwrap_or_default();
    let outcome = match not_sent {
        None => "sent",
        Some(NotSent::Paused) => "held back: Sentry asked for a pause",
        Some(NotSent::Refused(reason) | NotSent::NoAnswer(reason)) => reason,
    };
    tracing::info!(target: "radiosonde", %event_id, transaction, outcome, "an error report");
}

/// How long looking up the symbols of a report may take, and how long what else is to be done. Both are within the time of one
/// report.
const PREPARING: Duration = Duration::from_millis(2_500);

/// How many bytes the waiting ones may take: each has up to a hundred breadcrumbs, and fields.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How many threads may prepare reports at once.
const THREADS: usize = 4;
