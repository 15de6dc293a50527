//! Reports on their way: the work of the telemetry thread.

use std::borrow::Cow;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::ErrorReport;
use super::deployment::Deployment;
use super::envelope::Envelope;
use super::event::{Event, EventId, Stacktrace};
use super::losses::Loss;
use super::preparation::Preparation;
use super::project::{NotSent, Project};
use super::rate_limits::Category;
use super::stack::Stack;
use crate::config::SentrySettings;
use crate::io::pipeline::{Batching, Delivered, Destination};
use crate::io::{Aside, Undone, come_last};

/// Prepares reports and sends them.
#[derive(Debug)]
pub(super) struct Sending {
    preparation: Arc<Preparation>,
    deployment: Deployment,
    /// Where symbols are looked up, one stack at a time. On a processor that is never idle that lasts, and must not take a thread
    /// from what else is to be done: who finds it taken goes without.
    symbols: Aside,
    /// Where reports are prepared that the service has its say in, so that others do not wait to be sent.
    threads: Aside,
    project: Arc<Project>,
    /// Whether the log tells what becomes of each.
    debug: bool,
    /// Dropped with the last of the reports.
    _ends: oneshot::Sender<Infallible>,
}

impl Sending {
    /// One report is one request.
    pub(super) fn batching(settings: &SentrySettings) -> Batching {
        Batching {
            queue: QUEUE,
            bytes: MAX_BYTES,
            batch: 1,
            delay: Duration::ZERO,
            timeout: Project::TIMEOUT,
            apart: apart(settings),
        }
    }

    pub(super) fn new(
        settings: &SentrySettings,
        project: Arc<Project>,
        ends: oneshot::Sender<Infallible>,
    ) -> Self {
        Self {
            preparation: Arc::new(Preparation::new(settings)),
            deployment: Deployment::of(settings),
            symbols: Aside::new(1),
            threads: Aside::new(THREADS),
            project,
            debug: settings.debug,
            _ends: ends,
        }
    }

    /// Completes a report, without its stack when the symbols take too long. `None` when the service keeps it back.
    ///
    /// # Errors
    ///
    /// Returns why there is no event: something panicked, or does not end.
    async fn prepared(&self, mut report: ErrorReport) -> Result<Option<Event>, String> {
        let stacktrace = match report.take_stack() {
            Some(stack) => self.looked_up(stack).await,
            None => None,
        };
        let preparation = self.preparation.clone();
        let prepare = move || preparation.prepare(report, stacktrace);
        let prepared = if self.preparation.asks_the_service() {
            self.threads.run(PREPARING, prepare).await
        } else {
            // What it leaves half-done is dropped.
            catch_unwind(AssertUnwindSafe(prepare)).map_err(|_| Undone::Panicked)
        };
        prepared.map_err(|undone| format!("its preparation {undone}"))
    }

    /// Finds the symbols of a stack. What comes from where another came from is known.
    async fn looked_up(&self, stack: Stack) -> Option<Stacktrace> {
        let known = stack.known();
        if known.is_some() {
            return known;
        }
        let look_up = move || {
            // It takes a tenth of a second the first time, in one go.
            come_last();
            stack.look_up()
        };
        let found = self.symbols.run(PREPARING, look_up).await;
        found.ok().flatten()
    }

    async fn send_one(&self, report: ErrorReport) -> Result<Delivered, String> {
        let id = EventId::random();
        let transaction = report.event.transaction.clone();
        let mut fate = Fate::new(self, id, transaction);
        if self.project.is_paused(Category::Error) {
            return Ok(fate.is_held_back(Loss::Paused));
        }
        let event = match self.prepared(report).await {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(fate.is_held_back(Loss::KeptBack)),
            Err(undone) => return Err(fate.is_failed(Loss::Unprepared, undone)),
        };
        let mut envelope = Envelope::new(Some(id));
        envelope.item("event", &self.deployment.with(&event, id));
        fate.is_on_its_way();
        match self.project.post(Category::Error, envelope).await {
            Ok(()) => Ok(fate.is_sent()),
            Err(NotSent::Paused) => Ok(fate.is_held_back(Loss::Paused)),
            Err(NotSent::Refused(reason)) => Err(fate.is_failed(Loss::Refused, reason)),
            Err(NotSent::NoAnswer(reason)) => Err(fate.is_failed(Loss::NoAnswer, reason)),
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

/// What becomes of a report: lost as far as it came, unless something else is said in time. Whoever gives it up ends it there.
struct Fate<'a> {
    sending: &'a Sending,
    event_id: EventId,
    transaction: Option<String>,
    loss: Option<Loss>,
    outcome: Cow<'static, str>,
}

impl<'a> Fate<'a> {
    fn new(sending: &'a Sending, event_id: EventId, transaction: Option<String>) -> Self {
        Self {
            sending,
            event_id,
            transaction,
            loss: Some(Loss::Unprepared),
            outcome: "given up: it was not prepared".into(),
        }
    }

    fn is_on_its_way(&mut self) {
        self.loss = Some(Loss::NoAnswer);
        self.outcome = "given up: there was no answer in time".into();
    }

    fn is_sent(&mut self) -> Delivered {
        self.loss = None;
        self.outcome = "sent".into();
        Delivered::default()
    }

    fn is_held_back(&mut self, loss: Loss) -> Delivered {
        self.loss = Some(loss);
        self.outcome = match loss {
            Loss::KeptBack => "kept back by the service".into(),
            _ => "held back: Sentry asked for a pause".into(),
        };
        Delivered {
            held_back: 1,
            ..Delivered::default()
        }
    }

    fn is_failed(&mut self, loss: Loss, reason: String) -> String {
        self.loss = Some(loss);
        self.outcome = reason.clone().into();
        reason
    }
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        let sending = self.sending;
        if let Some(loss) = self.loss {
            sending.project.losses().note(loss);
        }
        if sending.debug {
            let (event_id, outcome) = (self.event_id, &*self.outcome);
            let transaction = self.transaction.as_deref().unwrap_or_default();
            tracing::info!(target: "radiosonde", %event_id, transaction, outcome, "an error report");
        }
    }
}

/// Returns how long after a report has begun to be sent the next one does, at the earliest. In a storm those of a minute come at once, and
/// to send them all takes the processor from requests for so long that they notice.
///
/// Where more may come in a minute than may wait, none has to wait for that.
fn apart(settings: &SentrySettings) -> Duration {
    let all_may_wait = settings.options.events_per_minute as usize <= QUEUE;
    if all_may_wait && !settings.in_process {
        Duration::from_millis(100)
    } else {
        Duration::ZERO
    }
}

/// How many reports may wait: more than anybody reads.
const QUEUE: usize = 100;

/// How long looking up the symbols of a report may take, and how long what else is to be done. Both are within the time of one
/// report.
const PREPARING: Duration = Duration::from_millis(2_500);

/// How many bytes the waiting ones may take: each has up to a hundred breadcrumbs, and fields.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How many threads may prepare reports at once.
const THREADS: usize = 4;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::Level;
    use super::super::event::Exception;
    use super::*;
    use crate::Config;
    use crate::config::{ErrorOptions, Settings};
    use crate::io::{HttpOptions, Io};

    fn settings(options: ErrorOptions, in_process: bool) -> SentrySettings {
        let config = Config::new("checkout").sentry_dsn("http://key@127.0.0.1:9/1");
        let config = config.errors(options);
        let settings = Settings::resolve(&config, &|_| None, false).unwrap();
        SentrySettings {
            in_process,
            ..settings.sentry.unwrap()
        }
    }

    /// Sends with the service's say.
    fn sending() -> (Sending, Io) {
        let settings = settings(ErrorOptions::new().before_send(Some), false);
        let mut io = Io::start().unwrap();
        let client = io.client(HttpOptions::to(&settings.dsn.envelopes));
        let project = Arc::new(Project::new(&settings, client));
        (Sending::new(&settings, project, oneshot::channel().0), io)
    }

    #[test]
    fn reports_are_apart_where_all_of_a_minute_may_wait() {
        for (events_per_minute, in_process, expected) in [
            (0, false, 100),
            (30, false, 100),
            (100, false, 100),
            (101, false, 0),
            (100, true, 0),
        ] {
            let options = ErrorOptions::new().events_per_minute(events_per_minute);
            let apart = apart(&settings(options, in_process));
            assert_eq!(
                apart,
                Duration::from_millis(expected),
                "{events_per_minute}"
            );
        }
    }

    fn panicked() -> ErrorReport {
        let mut event = Event::new(Level::Fatal);
        event.exception.0 = vec![Exception {
            kind: "panic".into(),
            value: "as expected".into(),
            mechanism: None,
            stacktrace: None,
        }];
        ErrorReport::new(event, Stack::walk(), 0)
    }

    #[tokio::test]
    async fn while_symbols_are_looked_up_without_end_reports_go_without_their_stacks() {
        let (sending, _io) = sending();
        let (lets_go, waits) = channel::<()>();
        let hangs = sending
            .symbols
            .run(Duration::from_mins(1), move || waits.recv());
        let more_than_there_are_threads = async {
            for _ in 0..=THREADS {
                let event = sending.prepared(panicked()).await.unwrap().unwrap();
                assert!(event.exception.0[0].stacktrace.is_none());
            }
            drop(lets_go);
        };
        let (hung, ()) = tokio::join!(hangs, more_than_there_are_threads);
        assert!(hung.is_ok(), "it was let go in time");
    }
}
