//! The way to a Sentry project.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Request, header};

use super::envelope::Envelope;
use super::losses::{LossReport, Losses};
use super::rate_limits::{Category, RateLimits};
use crate::config::SentrySettings;
use crate::io::HttpClient;

/// A Sentry project: where it is, and when nothing may be sent there.
#[derive(Debug)]
pub(super) struct Project {
    http: HttpClient,
    request: Request<()>,
    limits: Mutex<RateLimits>,
    losses: Losses,
    /// Whether what is posted goes nowhere.
    in_process: bool,
}

/// Why an envelope did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotSent {
    /// Sentry had asked for a pause. It was not tried.
    Paused,
    /// The answer was no, in words for the log.
    Refused(String),
    /// There was no answer, for this reason.
    NoAnswer(String),
}

impl Project {
    /// How long one exchange may take, connecting included.
    pub(super) const TIMEOUT: Duration = Duration::from_secs(8);

    pub(super) fn new(settings: &SentrySettings, http: HttpClient) -> Self {
        let dsn = &settings.dsn;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = dsn.envelopes.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(ENVELOPE));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        // It was checked when the DSN was read.
        if let Ok(mut authorization) = HeaderValue::from_str(dsn.authorization.expose()) {
            authorization.set_sensitive(true);
            headers.insert("x-sentry-auth", authorization);
        }
        Self {
            http,
            request,
            limits: Mutex::default(),
            losses: Losses::default(),
            in_process: settings.in_process,
        }
    }

    /// Returns what was lost on the way, and has not been told.
    pub(super) fn losses(&self) -> &Losses {
        &self.losses
    }

    /// Tells whether Sentry has asked for a pause.
    pub(super) fn is_paused(&self, category: Category) -> bool {
        self.limits().hold_back(category, Instant::now())
    }

    /// Posts an envelope, and with it what was lost. How long that may take is enforced by the caller.
    ///
    /// # Errors
    ///
    /// Returns why it did not arrive. What was lost is kept to be told later.
    pub(super) async fn post(
        &self,
        category: Category,
        mut envelope: Envelope,
    ) -> Result<(), NotSent> {
        if self.is_paused(category) {
            return Err(NotSent::Paused);
        }
        let told = Told::new(&self.losses, &mut envelope);
        if self.in_process {
            told.arrived();
            return Ok(());
        }
        let request = self.request.clone().map(|()| envelope.into_bytes());
        let response = self.http.send(request).await;
        let response = response.map_err(|error| NotSent::NoAnswer(error.to_string()))?;
        let status = response.status();
        self.limits()
            .heed(status, response.headers(), Instant::now());
        if !status.is_success() {
            return Err(NotSent::Refused(format!("Sentry answered {status}")));
        }
        told.arrived();
        Ok(())
    }

    fn limits(&self) -> std::sync::MutexGuard<'_, RateLimits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Losses on their way to Sentry: put back unless they arrive, also when the exchange is given up.
struct Told<'a> {
    losses: &'a Losses,
    report: Option<LossReport>,
}

impl<'a> Told<'a> {
    fn new(losses: &'a Losses, envelope: &mut Envelope) -> Self {
        let report = losses.take();
        if let Some(report) = &report {
            envelope.item("client_report", report);
        }
        Self { losses, report }
    }

    fn arrived(mut self) {
        self.report = None;
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            self.losses.put_back(report);
        }
    }
}

const ENVELOPE: &str = "application/x-sentry-envelope";

const AGENT: &str = concat!("radiosonde/", env!("CARGO_PKG_VERSION"));
