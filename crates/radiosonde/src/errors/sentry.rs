//! Sentry as the worker sees it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use sentry_backtrace::ProcessStacktraceIntegration;
use sentry_core::types::Dsn;
use sentry_core::{Client, ClientOptions, Envelope};

use super::report::Report;
use super::stack;
use crate::config::SentrySettings;
use crate::io::HttpClient;
use crate::io::pipeline::{Batching, Delivered, Destination};

/// Prepares reports and sends them.
///
/// The client of the SDK prepares events; it has no transport, because those that exist have no deadlines.
pub(crate) struct Sentry {
    client: Arc<Client>,
    http: HttpClient,
    request: Request<()>,
    paused_until: Mutex<Option<Instant>>,
}

impl Sentry {
    /// One report is one request; a hundred waiting ones are more than anybody reads.
    pub(crate) const BATCHING: Batching = Batching {
        queue: 256,
        batch: 1,
        delay: Duration::ZERO,
        timeout: Duration::from_secs(8),
    };

    /// Returns `None` when the DSN is malformed, which was checked when it was read.
    pub(crate) fn new(settings: &SentrySettings, http: HttpClient) -> Option<Self> {
        let dsn: Dsn = settings.dsn.expose().parse().ok()?;
        let mut options = ClientOptions::new()
            .maybe_release(settings.release.clone())
            .environment(settings.environment.clone())
            .add_integration(ProcessStacktraceIntegration::new());
        if let Some(name) = host_name() {
            options = options.server_name(name);
        }
        let auth = dsn.to_auth(Some(AGENT)).to_string();
        let mut auth: http::HeaderValue = auth.parse().ok()?;
        auth.set_sensitive(true);
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = dsn.envelope_api_url().as_str().parse().ok()?;
        let headers = request.headers_mut();
        headers.insert("x-sentry-auth", auth);
        headers.insert(
            header::CONTENT_TYPE,
            "application/x-sentry-envelope".parse().ok()?,
        );
        headers.insert(header::USER_AGENT, AGENT.parse().ok()?);
        let client = Arc::new(Client::from_config(options));
        Some(Self {
            client,
            http,
            request,
            paused_until: Mutex::default(),
        })
    }

    fn is_paused(&self) -> bool {
        let paused_until = *self
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        paused_until.is_some_and(|until| Instant::now() < until)
    }

    fn pause(&self, headers: &HeaderMap) {
        let asked = headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let pause = Duration::from_secs(asked.unwrap_or(60)).min(MAX_PAUSE);
        *self
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + pause);
    }

    /// Completes a report, without its stack when the symbols take too long.
    async fn prepared(&self, report: Report) -> Result<Option<Bytes>, String> {
        let (client, without_stack) = (self.client.clone(), report.event.clone());
        // Looking up symbols reads the debug information of the program: not where others wait to be sent.
        let work = tokio::task::spawn_blocking(move || prepare(&client, report));
        match tokio::time::timeout(LOOKING_UP, work).await {
            Ok(prepared) => prepared.map_err(|error| error.to_string()),
            Err(_) => Ok(prepare(
                &self.client,
                Report {
                    event: without_stack,
                    backtrace: None,
                },
            )),
        }
    }

    async fn send_one(&self, report: Report) -> Result<Delivered, String> {
        let held_back = Ok(Delivered {
            refused: 0,
            held_back: 1,
        });
        if self.is_paused() {
            return held_back;
        }
        let Some(body) = self.prepared(report).await? else {
            return held_back;
        };
        let request = self.request.clone().map(|()| body);
        let response = self
            .http
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            self.pause(response.headers());
        }
        match response.status() {
            status if status.is_success() => Ok(Delivered::default()),
            status => Err(format!("Sentry answered {status}")),
        }
    }
}

impl Destination for Sentry {
    type Item = Report;
    const ITEMS: &'static str = "error reports";

    async fn send(&self, batch: Vec<Report>) -> Result<Delivered, String> {
        let mut delivered = Delivered::default();
        for report in batch {
            let Delivered { refused, held_back } = self.send_one(report).await?;
            delivered.refused += refused;
            delivered.held_back += held_back;
        }
        Ok(delivered)
    }
}

/// Completes an event and writes it as an envelope.
fn prepare(client: &Client, report: Report) -> Option<Bytes> {
    let Report {
        mut event,
        backtrace,
    } = report;
    let stacktrace = backtrace.and_then(stack::look_up);
    if let Some(exception) = event.exception.last_mut() {
        exception.stacktrace = stacktrace;
    }
    let event = client.prepare_event(event, None)?;
    let mut body = Vec::new();
    Envelope::from(event).to_writer(&mut body).ok()?;
    Some(body.into())
}

/// Returns the name of this host, or of the container.
fn host_name() -> Option<String> {
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().or_else(kernel)?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

const AGENT: &str = concat!("radiosonde/", env!("CARGO_PKG_VERSION"));

/// How long looking up the symbols of a stack may take.
const LOOKING_UP: Duration = Duration::from_secs(3);

/// A pause that is asked for is kept up to this long.
const MAX_PAUSE: Duration = Duration::from_hours(1);
