//! The error reports of a test.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::SentrySettings;
use crate::errors::ErrorReport;
use crate::io::pipeline::Account;

/// The error reports that were made before they were asked for, in their order.
///
/// # Examples
///
/// ```
/// use radiosonde::{Config, testing::Telemetry};
///
/// let config = Config::new("checkout").sentry_dsn("https://key@sentry.invalid/1");
/// let telemetry = Telemetry::new(config);
/// telemetry.record(|| tracing::error!(order = 7, "no stock"));
///
/// let reports = telemetry.reports();
/// reports.contains("no stock");
/// assert_eq!(reports.all().len(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Reports {
    reports: Vec<ErrorReport>,
}

impl Reports {
    /// Returns the reports.
    #[must_use]
    pub fn all(&self) -> &[ErrorReport] {
        &self.reports
    }

    /// Asserts that the message of a report contains `text`, or one of its errors does.
    ///
    /// # Panics
    ///
    /// Panics with all reports when none does.
    #[track_caller]
    pub fn contains(&self, text: &str) {
        assert!(self.has(text), "no error report contains `{text}`\n{self}");
    }

    /// Asserts that there is no such report.
    ///
    /// # Panics
    ///
    /// Panics with all reports when there is one.
    #[track_caller]
    pub fn lacks(&self, text: &str) {
        assert!(!self.has(text), "an error report contains `{text}`\n{self}");
    }

    fn has(&self, text: &str) -> bool {
        let mut reports = self.reports.iter();
        reports.any(|report| {
            let mut errors = report.errors();
            report
                .message()
                .is_some_and(|message| message.contains(text))
                || errors.any(|(kind, value)| kind.contains(text) || value.contains(text))
        })
    }
}

impl fmt::Display for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reports.is_empty() {
            return f.write_str("there is no error report");
        }
        f.write_str("the error reports are:")?;
        self.reports
            .iter()
            .try_for_each(|report| write!(f, "\n  {report:?}"))
    }
}

/// Where the reports of a test are kept. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<ErrorReport>>>);

impl Kept {
    /// Keeps what would be sent by these settings, and sends nothing.
    pub(super) fn of(settings: &mut SentrySettings) -> Self {
        let kept = Self::default();
        settings.in_process = true;
        let before_send = settings.options.before_send.take();
        settings.options.before_send = Some(Arc::new({
            let kept = kept.clone();
            move |report| {
                let report = match &before_send {
                    Some(before_send) => before_send(report)?,
                    None => report,
                };
                kept.lock().push(report.clone());
                Some(report)
            }
        }));
        kept
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ErrorReport>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reports of a test, and how many there are to be.
#[derive(Debug, Clone)]
pub(super) struct Reporting {
    kept: Kept,
    account: Account,
}

impl Reporting {
    pub(super) fn new(kept: Kept, account: Account) -> Self {
        Self { kept, account }
    }

    #[track_caller]
    pub(super) fn read(&self, timeout: Duration) -> Reports {
        let deadline = Instant::now() + timeout;
        while self.account.waiting() > 0 {
            assert!(
                Instant::now() < deadline,
                "the error reports were not prepared within {timeout:?}"
            );
            thread::sleep(PAUSE);
        }
        Reports {
            reports: self.kept.lock().clone(),
        }
    }
}

const PAUSE: Duration = Duration::from_millis(1);
