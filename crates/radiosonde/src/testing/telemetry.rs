//! The telemetry of one test.

use std::future::Future;
use std::time::{Duration, Instant};

use tracing::Dispatch;

use super::logs::Written;
#[cfg(feature = "sentry")]
use super::reports::{Kept, Reporting};
use super::{Instrumented, Logs, Metrics};
use crate::config::Settings;
use crate::logs::LineWriter;
use crate::{Config, InitError, LogFormat, Parts, Sonde, ext};

/// The telemetry of one test. Clones are the same telemetry.
///
/// See the [module's docs](super) for what it is and an example.
#[derive(Debug, Clone)]
pub struct Telemetry {
    sonde: Sonde,
    dispatch: Dispatch,
    lines: LineWriter,
    written: Written,
    #[cfg(feature = "sentry")]
    reports: Option<Reporting>,
}

impl Telemetry {
    /// Starts the telemetry of a service.
    ///
    /// Takes what [`init`](crate::init) takes. A collector or a Sentry project in it is not used: nothing leaves the
    /// process. Where there is a project, whichever, error reports are kept. Log lines are readable unless the configuration says
    /// otherwise, and those from `info` upward are kept.
    ///
    /// # Panics
    ///
    /// Panics when settings are wrong, with all of them, and when no thread can be started.
    #[must_use]
    #[track_caller]
    pub fn new(config: impl Into<Config>) -> Self {
        match Self::start(config.into()) {
            Ok(telemetry) => telemetry,
            Err(error) => panic!("there is no telemetry for this test: {error}"),
        }
    }

    /// Returns the handle that the service would get from [`init`](crate::init).
    ///
    /// [`Sonde::layer`] keeps what its copies share for the life of the process, and with it the registry: some
    /// kilobytes for each telemetry that it is called on, however often.
    pub fn sonde(&self) -> &Sonde {
        &self.sonde
    }

    /// Runs a closure whose metrics, spans and log events come here, if they are recorded on this thread.
    pub fn record<T>(&self, run: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(self.sonde.metrics(), || {
            tracing::dispatcher::with_default(&self.dispatch, run)
        })
    }

    /// Returns a future that [records](Self::record) here whenever it is polled, and when it is dropped.
    ///
    /// A task that the future spawns is another future: instrument that as well, with a clone.
    pub fn instrument<F: Future>(&self, future: F) -> Instrumented<F> {
        Instrumented::new(self.clone(), future)
    }

    /// Returns the metrics, to assert on. They are read anew by each assertion.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.sonde.metrics().clone())
    }

    /// Returns the log lines written so far.
    ///
    /// Records of the `log` crate are not among them: what makes events of those is installed for a whole process.
    ///
    /// # Panics
    ///
    /// Panics when the thread that writes the lines does not keep up for ten seconds.
    #[must_use]
    #[track_caller]
    pub fn logs(&self) -> Logs {
        let written = self.lines.flush_until(Instant::now() + FLUSH_TIMEOUT);
        assert!(
            written,
            "the log lines were not written within {FLUSH_TIMEOUT:?}"
        );
        self.written.read()
    }

    /// Returns the error reports made so far, as they would have been sent.
    ///
    /// Panics are not among them unless they unwind through the layer: the panic hook belongs to the whole process.
    ///
    /// # Panics
    ///
    /// Panics when the configuration has no [`sentry_dsn`](Config::sentry_dsn), and when the reports are not prepared within ten
    /// seconds.
    #[cfg(feature = "sentry")]
    #[must_use]
    #[track_caller]
    pub fn reports(&self) -> super::Reports {
        let Some(reporting) = &self.reports else {
            panic!("there are no error reports without a `Config::sentry_dsn`; any will do");
        };
        reporting.read(FLUSH_TIMEOUT)
    }

    fn start(mut config: Config) -> Result<Self, InitError> {
        config.log_format.get_or_insert(LogFormat::Text);
        #[cfg(feature = "otlp")]
        {
            config.otlp_endpoint = None;
        }
        #[cfg_attr(
            not(feature = "sentry"),
            expect(unused_mut, reason = "reports are kept")
        )]
        let mut settings =
            Settings::resolve(&config, &|_| None, false).map_err(InitError::Config)?;
        #[cfg(feature = "sentry")]
        let kept = settings.sentry.as_mut().map(Kept::of);
        let written = Written::default();
        let mut parts = Parts::start(&settings, written.clone()).map_err(InitError::Thread)?;
        Ok(Self {
            #[cfg(feature = "sentry")]
            reports: kept
                .zip(parts.reporter.as_ref())
                .map(|(kept, reporter)| Reporting::new(kept, reporter.account().clone())),
            dispatch: ext::dispatch(&mut parts),
            lines: parts.log.writer(),
            sonde: parts.into_sonde(),
            written,
        })
    }
}

/// How long a reading waits for the lines that were logged before it.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);
