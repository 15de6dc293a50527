//! Strategies that change while the service runs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Asked;
use super::strategies::Strategies;
use crate::config::{StrategyPlace, StrategySource};
use crate::io::attempt::{Cutoff, attempt};
use crate::io::{HttpClient, HttpOptions, Io};

/// The strategies that hold now.
#[derive(Debug, Clone)]
pub(super) struct Watched(Arc<RwLock<Strategies>>);

impl Watched {
    /// Starts to look after them on the telemetry thread.
    pub(super) fn start(io: &mut Io, source: &StrategySource, service: &str) -> Self {
        let initial = Strategies::all(source.initial);
        let strategies = Self(Arc::new(RwLock::new(initial)));
        let mut watcher = Watcher {
            strategies: strategies.clone(),
            place: source.place.clone(),
            service: service.to_owned(),
            client: io.client(HttpOptions::default()),
            last: String::new(),
            failed: false,
        };
        // A file holds from the first request.
        watcher.look_at_file();
        let every = source.every;
        io.spawn(move |cutoff| watcher.run(every, cutoff));
        strategies
    }

    /// Tells whether a trace that begins here is recorded.
    pub(super) fn record(&self, asked: &Asked<'_>) -> bool {
        let strategies = self.0.read().unwrap_or_else(PoisonError::into_inner);
        strategies.record(asked)
    }
}

struct Watcher {
    strategies: Watched,
    place: StrategyPlace,
    service: String,
    client: HttpClient,
    /// What was read last: strategies that have not changed go on counting.
    last: String,
    failed: bool,
}

impl Watcher {
    async fn run(mut self, every: Duration, mut cutoff: Cutoff) {
        loop {
            if let StrategyPlace::Server(server) = self.place.clone() {
                let read = self.ask(&server, &mut cutoff).await;
                self.take(read);
            } else {
                self.look_at_file();
            }
            tokio::select! {
                biased;
                () = cutoff.is_set() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    fn look_at_file(&mut self) {
        if let StrategyPlace::File(path) = &self.place {
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
            self.take(read);
        }
    }

    async fn ask(&self, server: &http::Uri, cutoff: &mut Cutoff) -> Result<String, String> {
        let service = utf8_percent_encode(&self.service, NON_ALPHANUMERIC);
        let separator = if server.query().is_some() { '&' } else { '?' };
        let address = format!("{server}{separator}service={service}");
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = address.parse().map_err(|_| "the address is malformed")?;
        let client = self.client.clone();
        let exchange = async move {
            let response = client.send(request).await;
            let response = response.map_err(|error| error.to_string())?;
            if !response.status().is_success() {
                return Err(format!("the server answered {}", response.status()));
            }
            String::from_utf8(response.into_body().into()).map_err(|error| error.to_string())
        };
        attempt(exchange, TIMEOUT, cutoff).await
    }

    /// Takes what was read, unless it will not do: then what held goes on holding.
    fn take(&mut self, read: Result<String, String>) {
        let strategies = read.and_then(|text| {
            if text == self.last {
                return Ok(None);
            }
            let strategies = Strategies::read(&text, &self.service)?;
            self.last = text;
            Ok(Some(strategies))
        });
        let failed = strategies.is_err();
        match strategies {
            Ok(Some(strategies)) => {
                let now = self.strategies.0.write();
                *now.unwrap_or_else(PoisonError::into_inner) = strategies;
            }
            Err(reason) if !self.failed => {
                tracing::warn!(target: "radiosonde", reason, "the strategies of sampling cannot be read; those that were read last go on");
            }
            Ok(None) | Err(_) => {}
        }
        self.failed = failed;
    }
}

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(5);
