//! Strategies that change while the service runs.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Asked;
use super::strategies::{Strategies, read_file};
use crate::config::{StrategyPlace, StrategySource};
use crate::io::attempt::{Cutoff, attempt};
use crate::io::{Aside, HttpClient, HttpOptions, Io};

/// The strategies that hold now.
#[derive(Debug, Clone)]
pub(super) struct Watched(Arc<RwLock<Strategies>>);

impl Watched {
    /// Starts to look after them on the telemetry thread.
    pub(super) fn start(io: &mut Io, source: &StrategySource, service: &str) -> Self {
        let initial = Strategies::all(source.initial);
        let strategies = Self(Arc::new(RwLock::new(initial)));
        let client = io.client(options(&source.place));
        let mut watcher = Watcher::new(&strategies, source.place.clone(), service, client);
        // A file holds from the first request.
        if let StrategyPlace::File(path) = &source.place {
            watcher.take(read_file(path));
        }
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
    /// Where files are read: those of a file system that hangs must not hold up what is sent.
    aside: Aside,
    read_file: fn(&Path) -> Result<String, String>,
    /// What was read last: strategies that have not changed go on counting.
    last: Option<String>,
    failed: bool,
}

impl Watcher {
    fn new(strategies: &Watched, place: StrategyPlace, service: &str, client: HttpClient) -> Self {
        Self {
            strategies: strategies.clone(),
            place,
            service: service.to_owned(),
            client,
            aside: Aside::new(1),
            read_file,
            last: None,
            failed: false,
        }
    }

    async fn run(mut self, every: Duration, mut cutoff: Cutoff) {
        loop {
            let asking = cutoff.clone();
            let read = tokio::select! {
                biased;
                // The end of the service does not wait for what it would not need any more.
                () = cutoff.is_set() => return,
                read = self.read(asking) => read,
            };
            self.take(read);
            tokio::select! {
                biased;
                () = cutoff.is_set() => return,
                () = tokio::time::sleep(about(every)) => {}
            }
        }
    }

    async fn read(&self, mut cutoff: Cutoff) -> Result<String, String> {
        match self.place.clone() {
            StrategyPlace::File(path) => {
                let read = self.read_file;
                let done = self.aside.run(TIMEOUT, move || read(&path)).await;
                done.unwrap_or_else(|undone| Err(format!("reading the file {undone}")))
            }
            StrategyPlace::Server(server) => self.ask(&server, &mut cutoff).await,
            #[cfg(feature = "otlp-grpc")]
            StrategyPlace::Grpc(method) => {
                let (client, service) = (self.client.clone(), self.service.clone());
                let question =
                    async move { super::jaeger::ask(&client, method, service, TIMEOUT).await };
                attempt(question, TIMEOUT, &mut cutoff).await
            }
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
            if self.last.as_ref() == Some(&text) {
                return Ok(None);
            }
            let strategies = Strategies::read(&text, &self.service)?;
            self.last = Some(text);
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

/// Returns a pause that is up to a tenth longer: services that were started at one moment do not ask at one for ever.
fn about(every: Duration) -> Duration {
    every.mul_f64(1.0 + fastrand::f64() / 10.0)
}

/// Returns how a place is connected to.
fn options(place: &StrategyPlace) -> HttpOptions {
    match place {
        StrategyPlace::File(_) => HttpOptions::default(),
        StrategyPlace::Server(server) => HttpOptions::to(server),
        #[cfg(feature = "otlp-grpc")]
        StrategyPlace::Grpc(method) => HttpOptions {
            http2: true,
            ..HttpOptions::to(method)
        },
    }
}

/// How long one question may take, or reading a file.
const TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use opentelemetry::trace::TraceId;
    use radiosonde_testkit::fault::{FaultCollector, Mode, Received};
    use tokio::sync::watch;
    use tokio::time::sleep;

    use super::super::Origin;
    use super::*;

    const EVERY: Duration = Duration::from_millis(10);

    fn of(share: u8) -> String {
        format!(r#"{{"default_strategy":{{"type":"probabilistic","param":{share}}}}}"#)
    }

    fn records(strategies: &Watched) -> bool {
        strategies.record(&Asked {
            method: "GET",
            route: "/",
            trace_id: TraceId::from(7),
            origin: Origin::Here,
        })
    }

    fn watcher(place: StrategyPlace) -> Watcher {
        let strategies = Watched(Arc::new(RwLock::new(Strategies::all(1.0))));
        let client = HttpClient::new(HttpOptions::default());
        Watcher::new(&strategies, place, "check out", client)
    }

    /// Waits until something holds, by a clock that is not paused: that one does not wait for threads and sockets.
    async fn until(what: impl Fn() -> bool) {
        let soon = async {
            while !what() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let done = tokio::time::timeout(Duration::from_mins(1), soon).await;
        done.expect("the strategies are read");
    }

    #[tokio::test]
    async fn a_file_is_read_again_when_it_has_changed_and_one_that_will_not_do_changes_nothing() {
        static READ: AtomicUsize = AtomicUsize::new(0);
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("strategies.json");
        std::fs::write(&file, of(0)).unwrap();
        let mut watcher = watcher(StrategyPlace::File(file.clone()));
        watcher.read_file = |path| {
            let read = read_file(path);
            READ.fetch_add(1, Relaxed);
            read
        };
        let strategies = watcher.strategies.clone();
        assert!(records(&strategies), "nothing was read yet");

        let (cutoff, receiver) = watch::channel(None);
        let worker = tokio::spawn(watcher.run(EVERY, Cutoff::new(receiver)));
        until(|| !records(&strategies)).await;
        // The third from now has begun after what was written, and the one before it was taken.
        let read_anew = async || {
            let before = READ.load(Relaxed);
            until(|| READ.load(Relaxed) > before + 2).await;
        };
        for (text, expected) in [
            (of(1), true),
            ("no strategies".to_owned(), true),
            (of(0), false),
        ] {
            std::fs::write(&file, text).unwrap();
            read_anew().await;
            assert_eq!(records(&strategies), expected);
        }
        std::fs::remove_file(&file).unwrap();
        read_anew().await;
        assert!(!records(&strategies), "what was read last goes on");

        cutoff.send_replace(Some(std::time::Instant::now()));
        worker.await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_hangs_holds_up_neither_this_thread_nor_the_end() {
        static READING: AtomicBool = AtomicBool::new(false);
        static ENDED: AtomicBool = AtomicBool::new(false);
        let mut watcher = watcher(StrategyPlace::File("/nonexistent".into()));
        watcher.read_file = |_| {
            READING.store(true, Relaxed);
            while !ENDED.load(Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(of(0))
        };
        let strategies = watcher.strategies.clone();
        let (cutoff, receiver) = watch::channel(None);
        let worker = tokio::spawn(watcher.run(EVERY, Cutoff::new(receiver)));
        // What waits for this goes on on the thread that the worker is on.
        until(|| READING.load(Relaxed)).await;
        cutoff.send_replace(Some(std::time::Instant::now()));
        worker.await.unwrap();
        assert!(records(&strategies), "it was not read");
        ENDED.store(true, Relaxed);
    }

    #[tokio::test]
    async fn a_server_is_asked_again_and_one_that_fails_changes_nothing() {
        let answer = |share| Mode::answer("application/json", of(share));
        let server = FaultCollector::start(answer(0));
        let uri = format!("{}/sampling", server.endpoint());
        let watcher = watcher(StrategyPlace::Server(uri.parse().unwrap()));
        let strategies = watcher.strategies.clone();
        let (cutoff, receiver) = watch::channel(None);
        let worker = tokio::spawn(watcher.run(EVERY, Cutoff::new(receiver)));
        until(|| !records(&strategies)).await;
        for fails in [
            Mode::status(500),
            Mode::answer("text/html", "<html>"),
            Mode::Reset,
        ] {
            server.set(fails);
            // The one after the next has seen the answer to the next.
            let asked = server.requests().len();
            until(|| server.requests().len() > asked + 1).await;
            assert!(!records(&strategies), "what was read last goes on");
        }
        server.set(answer(1));
        until(|| records(&strategies)).await;
        let paths = server.requests();
        let mut paths = paths.iter().map(Received::path);
        assert!(paths.all(|path| path == "/sampling?service=check%20out"));

        cutoff.send_replace(Some(std::time::Instant::now()));
        worker.await.unwrap();
    }

    #[test]
    fn services_that_start_at_one_moment_do_not_ask_at_one() {
        let mut pauses: Vec<_> = (0..20).map(|_| about(EVERY)).collect();
        let near = EVERY..EVERY.mul_f64(1.101);
        assert!(
            pauses.iter().all(|pause| near.contains(pause)),
            "{pauses:?}"
        );
        pauses.dedup();
        assert_eq!(pauses.len(), 20, "{pauses:?}");
    }

    #[test]
    fn strategies_that_have_not_changed_go_on_counting() {
        let limited = r#"{"default_strategy":{"type":"ratelimiting","param":1}}"#;
        let mut watcher = watcher(StrategyPlace::File("/nonexistent".into()));
        let strategies = watcher.strategies.clone();
        watcher.take(Ok(limited.to_owned()));
        assert!(records(&strategies));
        watcher.take(Ok(limited.to_owned()));
        assert!(!records(&strategies), "the one of this second was had");
    }
}
