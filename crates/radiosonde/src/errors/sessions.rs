//! Release health: how well requests end, told by release.
//!
//! A *session* is a request that has ended. Sessions are counted where they end, and once a minute Sentry is told how many there
//! were of each kind. What it does not take is told with the next ones. Events that were lost are told with them, also where there are none.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use radiosonde_catalog::{SESSIONS_ENDED, SESSIONS_SENT};
use radiosonde_metrics::{Counter, Registry};
use serde::Serialize;
use tokio::sync::oneshot;

use super::envelope::Envelope;
use super::project::{NotSent, Project};
use super::rate_limits::Category;
use crate::config::SentrySettings;
use crate::io::attempt::{Cutoff, Outage, attempt, within};
use crate::io::{Io, Rounds};

/// How a session ended, in Sentry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// Nothing was reported in it.
    Exited,
    /// Something failed, and the service dealt with it.
    Errored,
    /// Something failed that nobody dealt with.
    Crashed,
}

/// Counts sessions. Clones count the same.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    exited: Counter,
    errored: Counter,
    crashed: Counter,
}

impl Sessions {
    /// Starts to tell Sentry of what was lost, and of sessions, until no more reports are sent. `None` where these are not counted: health is that of a release, and
    /// none is known, or the service does not want it.
    pub(super) fn start(
        io: &mut Io,
        settings: &SentrySettings,
        project: Arc<Project>,
        registry: &Registry,
        reports_end: ReportsEnd,
    ) -> Option<Self> {
        let health = Health::of(settings, registry);
        let sessions = health.as_ref().map(|health| health.sessions.clone());
        let telling = Telling {
            health,
            project,
            reports_end,
            outage: Outage::new("sessions"),
        };
        io.spawn(|cutoff| telling.run(cutoff));
        sessions
    }

    /// Counts a session that has ended.
    pub(super) fn note(&self, end: SessionEnd) {
        let counter = match end {
            SessionEnd::Exited => &self.exited,
            SessionEnd::Errored => &self.errored,
            SessionEnd::Crashed => &self.crashed,
        };
        counter.increment(1);
    }

    fn counts(&self) -> Counts {
        Counts {
            exited: self.exited.value(),
            errored: self.errored.value(),
            crashed: self.crashed.value(),
        }
    }
}

/// How many sessions there were of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Counts {
    exited: u64,
    errored: u64,
    crashed: u64,
}

impl Counts {
    /// Those that came since, as many as Sentry can count at once.
    fn since(self, earlier: Self) -> Self {
        let since = |now: u64, earlier: u64| now.saturating_sub(earlier).min(u32::MAX.into());
        Self {
            exited: since(self.exited, earlier.exited),
            errored: since(self.errored, earlier.errored),
            crashed: since(self.crashed, earlier.crashed),
        }
    }

    fn add(&mut self, more: Self) {
        self.exited += more.exited;
        self.errored += more.errored;
        self.crashed += more.crashed;
    }

    fn total(self) -> u64 {
        self.exited + self.errored + self.crashed
    }
}

/// The health of a release.
struct Health {
    sessions: Sessions,
    told: Counts,
    /// When the sessions began that have not been told.
    since: SystemTime,
    attributes: Attributes,
    sent: Counter,
}

impl Health {
    fn of(settings: &SentrySettings, registry: &Registry) -> Option<Self> {
        let release = settings.release.clone()?;
        settings.options.release_health.then_some(())?;
        let counter = |status| registry.counter(&SESSIONS_ENDED, &[status]);
        Some(Self {
            sessions: Sessions {
                exited: counter("exited"),
                errored: counter("errored"),
                crashed: counter("crashed"),
            },
            told: Counts::default(),
            since: SystemTime::now(),
            attributes: Attributes {
                release,
                environment: settings.environment.clone(),
            },
            sent: registry.counter(&SESSIONS_SENT, &[]),
        })
    }

    /// Returns those that have not been told.
    fn new_ones(&self) -> Counts {
        self.sessions.counts().since(self.told)
    }

    fn item(&self, counts: Counts) -> Aggregates<'_> {
        Aggregates {
            aggregates: [Aggregate {
                started: minute(self.since),
                counts,
            }],
            attributes: &self.attributes,
        }
    }

    fn note_told(&mut self, counts: Counts, at: SystemTime) {
        self.told.add(counts);
        self.since = at;
        self.sent.increment(counts.total());
    }
}

/// Tells Sentry what no event tells: of sessions, and of events that were lost.
struct Telling {
    health: Option<Health>,
    project: Arc<Project>,
    reports_end: ReportsEnd,
    outage: Outage,
}

/// Completes when no more reports are sent.
pub(super) type ReportsEnd = oneshot::Receiver<Infallible>;

impl Telling {
    async fn run(mut self, mut cutoff: Cutoff) {
        let mut rounds = Rounds::new(EVERY, cutoff.clone());
        while let Some(cutoff) = rounds.next().await {
            self.tell(cutoff).await;
        }
        // Reports that waited are sent meanwhile. What is lost of those comes last.
        let end = within(&mut self.reports_end, Project::TIMEOUT, &mut cutoff).await;
        if end.is_ok() {
            self.tell(&mut cutoff).await;
        }
    }

    /// Tells what has not been told, with what was lost of the events.
    async fn tell(&mut self, cutoff: &mut Cutoff) {
        let now = SystemTime::now();
        let new = self.health.as_ref().map(Health::new_ones);
        let new = new.filter(|new| new.total() > 0);
        let mut envelope = Envelope::new(None);
        match (&self.health, new) {
            (Some(health), Some(new)) => envelope.item("sessions", &health.item(new)),
            _ if self.project.losses().are_none() => return,
            _ => {}
        }
        let project = self.project.clone();
        let exchange = async move { Ok(project.post(Category::Session, envelope).await) };
        let done = attempt(exchange, Project::TIMEOUT, cutoff).await;
        let failure = match done {
            Ok(Ok(())) => {
                if let (Some(health), Some(new)) = (&mut self.health, new) {
                    health.note_told(new, now);
                }
                None
            }
            Ok(Err(NotSent::Paused)) => return,
            Ok(Err(NotSent::Refused(reason) | NotSent::NoAnswer(reason))) | Err(reason) => {
                Some(reason)
            }
        };
        self.outage.note(failure);
    }
}

/// An item of an envelope, by Sentry's description of
/// [sessions](https://develop.sentry.dev/sdk/telemetry/sessions/).
#[derive(Debug, Serialize)]
struct Aggregates<'a> {
    aggregates: [Aggregate; 1],
    #[serde(rename = "attrs")]
    attributes: &'a Attributes,
}

#[derive(Debug, Serialize)]
struct Aggregate {
    started: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize)]
struct Attributes {
    release: String,
    environment: String,
}

/// Writes a time, to the minute.
fn minute(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let time = UNIX_EPOCH + Duration::from_secs(seconds - seconds % 60);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// How often Sentry is told.
const EVERY: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use radiosonde_testkit::fault::{FaultCollector, Mode};
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Settings;
    use crate::io::HttpOptions;
    use crate::{Config, Service};

    #[test]
    fn a_time_is_written_to_the_minute() {
        let time = UNIX_EPOCH + Duration::from_millis(1_792_000_119_999);
        assert_eq!(minute(time), "2026-10-14T17:48:00Z");
    }

    #[test]
    fn more_than_sentry_can_count_are_told_in_turns() {
        let all = Counts {
            exited: 1 << 33,
            errored: 2,
            crashed: 1,
        };
        let mut told = Counts::default();
        for _ in 0..3 {
            told.add(all.since(told));
        }
        assert_eq!(told, all);
        assert_eq!(all.since(told).total(), 0);
    }

    /// What tells a collector, and what it needs for that.
    fn telling(sentry: &FaultCollector) -> (Telling, Io) {
        let service = Service::new("checkout").version("1.4.2");
        let config = Config::new(service).sentry_dsn(format!("http://key@{}/1", sentry.addr()));
        let settings = Settings::resolve(&config, &|_| None, false).unwrap();
        let settings = settings.sentry.unwrap();
        let mut io = Io::start().unwrap();
        let client = io.client(HttpOptions::to(&settings.dsn.envelopes));
        let telling = Telling {
            health: Health::of(&settings, &Registry::new()),
            project: Arc::new(Project::new(&settings, client)),
            reports_end: oneshot::channel().1,
            outage: Outage::new("sessions"),
        };
        (telling, io)
    }

    /// Ends so many sessions of each kind, and tells of them. Returns how many were taken since the service began.
    async fn end(telling: &mut Telling, io: &Io, counts: [usize; 3]) -> u64 {
        let health = telling.health.as_ref().unwrap();
        let kinds = [SessionEnd::Exited, SessionEnd::Errored, SessionEnd::Crashed];
        for (kind, count) in kinds.into_iter().zip(counts) {
            (0..count).for_each(|_| health.sessions.note(kind));
        }
        telling.tell(&mut io.cutoff()).await;
        telling.health.as_ref().unwrap().sent.value()
    }

    /// What was told last.
    fn told(sentry: &FaultCollector) -> Value {
        let body = sentry.requests().pop().unwrap().body;
        let payload = body.split(|byte| *byte == b'\n').nth(2).unwrap();
        let told: Value = serde_json::from_slice(payload).unwrap();
        told["aggregates"].clone()
    }

    #[tokio::test]
    async fn those_that_are_not_taken_are_told_with_the_next_to_the_last_one() {
        for fails in [Mode::status(503), Mode::throttle(429, 0), Mode::Reset] {
            let sentry = FaultCollector::start(fails);
            let (mut telling, io) = telling(&sentry);
            let since = minute(telling.health.as_ref().unwrap().since);
            assert_eq!(end(&mut telling, &io, [3, 2, 1]).await, 0);
            let expected = json!([{"started": since, "exited": 3, "errored": 2, "crashed": 1}]);
            assert_eq!(told(&sentry), expected);

            sentry.set(Mode::status(200));
            assert_eq!(end(&mut telling, &io, [30, 20, 10]).await, 66);
            let expected = json!([{"started": since, "exited": 33, "errored": 22, "crashed": 11}]);
            assert_eq!(told(&sentry), expected);

            let requests = sentry.requests().len();
            assert_eq!(end(&mut telling, &io, [0; 3]).await, 66);
            assert_eq!(
                sentry.requests().len(),
                requests,
                "there is nothing to tell"
            );
            assert_eq!(end(&mut telling, &io, [0, 0, 1]).await, 67);
            assert_eq!(told(&sentry)[0]["exited"], 0);
            assert_eq!(told(&sentry)[0]["crashed"], 1);
        }
    }
}
