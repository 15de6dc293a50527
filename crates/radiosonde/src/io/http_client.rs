//! The HTTP client of the telemetry thread.
//!
//! It follows no redirect and knows no proxy, so that telemetry, and the tokens that go with it, reach the configured
//! address or nothing. Connecting has a deadline of its own; the whole exchange has the one the caller gives.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Collected, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::aside::{Aside, Undone};
use super::resolver::Resolver;
use super::tls::{self, Connector, TlsFiles};
use crate::text;

/// Sends requests from the telemetry thread. Clones share their connections.
#[derive(Clone)]
pub(crate) struct HttpClient(Arc<Inner>);

struct Inner {
    options: HttpOptions,
    /// Where files are read: those of a file system that hangs must not hold up what needs none.
    aside: Aside,
    /// Held by who reads them: others wait for what comes of it.
    turn: tokio::sync::Mutex<()>,
    // Made at the first request: loading the certificates of the system reads files, which `init` must not wait for.
    made: Mutex<Option<Made>>,
}

/// Marks a response whose body was longer than anybody has to read. It reads as an empty one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TooLong;

/// How a client connects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HttpOptions {
    /// Whether it speaks HTTP/2, and nothing else.
    pub(crate) http2: bool,
    pub(crate) tls: TlsFiles,
}

#[cfg(any(feature = "otlp", feature = "sentry"))]
impl HttpOptions {
    /// Returns how an address is connected to where nothing else is said.
    pub(crate) fn to(address: &http::Uri) -> Self {
        let unused = address.scheme_str() != Some("https");
        Self {
            tls: TlsFiles {
                unused,
                ..TlsFiles::default()
            },
            ..Self::default()
        }
    }
}

struct Made {
    sender: Sender,
    /// When the files that it was made of were written.
    written: Vec<Option<SystemTime>>,
    /// Whether those that are there now will not do.
    stale: bool,
}

type Sender = Client<Connector, Full<Bytes>>;

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// There is no client; the reason is that of TLS.
    #[error("TLS cannot be set up: {0}")]
    NoClient(String),
    /// There is none yet.
    #[error("reading the certificates {0}")]
    NoClientYet(#[source] Undone),
    /// The request could not be sent, or there was no answer to it.
    #[error("{}", text::one_line(.0))]
    Exchange(#[source] hyper_util::client::legacy::Error),
    /// The response broke off.
    #[error("the response cannot be read: {0}")]
    Response(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpClient {
    pub(crate) fn new(options: HttpOptions) -> Self {
        Self(Arc::new(Inner {
            options,
            aside: Aside::new(1),
            turn: tokio::sync::Mutex::default(),
            made: Mutex::default(),
        }))
    }

    pub(crate) fn options(&self) -> &HttpOptions {
        &self.0.options
    }

    /// Sends a request and reads the whole response. How long that may take is enforced by the caller.
    ///
    /// # Errors
    ///
    /// Returns why there is no response; one with a status of failure is a response.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.exchange(request).await?;
        Ok(response.map(Collected::to_bytes))
    }

    /// Does the same, and returns the trailers as well. What has [`TooLong`] among its extensions had a body that was not read.
    pub(crate) async fn exchange(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Collected<Bytes>>, HttpError> {
        let sender = self.sender().await?;
        let response = sender
            .request(request.map(Full::new))
            .await
            .map_err(HttpError::Exchange)?;
        let (mut head, body) = response.into_parts();
        let body = match Limited::new(body, MAX_RESPONSE).collect().await {
            Ok(body) => body,
            // The head is the verdict, and nobody needs to read a book with it.
            Err(error) if error.is::<LengthLimitError>() => {
                head.extensions.insert(TooLong);
                nothing().await
            }
            Err(error) => return Err(HttpError::Response(error)),
        };
        Ok(Response::from_parts(head, body))
    }

    /// Returns what requests are sent with. While the files cannot be read that it is made of, the last one goes on.
    async fn sender(&self) -> Result<Sender, HttpError> {
        let Inner {
            options,
            aside,
            turn,
            ..
        } = &*self.0;
        if options.tls.unused {
            let made = self.last().map_or_else(|| self.renewed(), Ok);
            return made.map_err(HttpError::NoClient);
        }
        let _turn = turn.lock().await;
        let last = self.last();
        if let Some(last) = &last
            && !options.tls.has_files()
        {
            return Ok(last.clone());
        }
        let this = self.clone();
        let renew = move || this.renewed();
        let Some(last) = last else {
            // Who began to read may have been given up on, and reads on: what comes of that is ours, too.
            let made = aside.run_in_turn(AT_FIRST, renew).await;
            return made
                .map_err(HttpError::NoClientYet)?
                .map_err(HttpError::NoClient);
        };
        match aside.run(AGAIN, renew).await {
            Ok(renewed) => renewed.map_err(HttpError::NoClient),
            Err(undone) => {
                self.tell_stale(&format!("reading them {undone}"));
                Ok(last)
            }
        }
    }

    /// Returns what requests were sent with last.
    fn last(&self) -> Option<Sender> {
        Some(self.made().as_ref()?.sender.clone())
    }

    /// Returns a new one when the files of the last one have been replaced, all of them. While those that are there do not do, as
    /// half-way through, the last one goes on.
    fn renewed(&self) -> Result<Sender, String> {
        let Inner { options, .. } = &*self.0;
        let written = options.tls.written();
        if let Some(last) = &mut *self.made()
            && last.written == written
        {
            last.stale = false;
            return Ok(last.sender.clone());
        }
        match (make(options), self.last()) {
            (Ok(sender), _) => {
                *self.made() = Some(Made {
                    sender: sender.clone(),
                    written,
                    stale: false,
                });
                Ok(sender)
            }
            (Err(reason), None) => Err(reason),
            (Err(reason), Some(last)) => {
                self.tell_stale(&reason);
                Ok(last)
            }
        }
    }

    /// Tells that the last one goes on, once.
    fn tell_stale(&self, reason: &str) {
        let is_known = |last: &mut Made| std::mem::replace(&mut last.stale, true);
        let was_stale = self.made().as_mut().is_none_or(is_known);
        // Without the lock: whoever logs may wait.
        if !was_stale {
            tracing::warn!(target: "radiosonde", reason, "the certificates cannot be read again; those that were read last go on");
        }
    }

    fn made(&self) -> MutexGuard<'_, Option<Made>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.0.options;
        f.debug_tuple("HttpClient").field(options).finish()
    }
}

#[cfg(feature = "otlp")]
impl HttpError {
    /// Tells whether the same request may do better in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        !matches!(self, Self::NoClient(_))
    }
}

async fn nothing() -> Collected<Bytes> {
    let Ok(nothing) = Full::default().collect().await;
    nothing
}

fn make(options: &HttpOptions) -> Result<Sender, String> {
    let mut http = HttpConnector::new_with_resolver(Resolver::default());
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_nodelay(true);
    let connector = tls::connector(http, &options.tls, options.http2)?;
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(1);
    #[cfg(feature = "otlp-grpc")]
    if options.http2 {
        // A connection whose other end has gone without a word would otherwise be used again and again.
        builder
            .http2_only(true)
            .http2_keep_alive_interval(CONNECT_TIMEOUT * 2)
            .http2_keep_alive_timeout(CONNECT_TIMEOUT * 2);
    }
    Ok(builder.build(connector))
}

/// How long connecting may take. The deadline of the exchange alone would let a black hole use all of it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long reading certificates may take while there is nothing to send with. Who waits has a deadline, which is sooner.
const AT_FIRST: Duration = Duration::from_mins(1);

/// How long reading them again may take, before the last ones are used.
const AGAIN: Duration = Duration::from_secs(5);

/// Collectors and Sentry answer in a few hundred bytes. A body that is larger reads as an empty one.
const MAX_RESPONSE: usize = 64 * 1024;

#[cfg(test)]
#[cfg(any(feature = "tls", feature = "tls-ring"))]
mod tests {
    use std::path::Path;

    use super::*;

    /// Copies one of the certificates of the tests, as of a moment that is its own.
    fn put(file: &Path, name: &str, moment: u64) {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/certificates");
        let contents = std::fs::read(Path::new(directory).join(name)).unwrap_or_default();
        std::fs::write(file, contents).unwrap();
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(moment);
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_modified(moment).unwrap();
    }

    /// When the files were written that requests are sent with, and whether they are those that are there.
    fn state(client: &HttpClient) -> Option<(Option<SystemTime>, bool)> {
        let made = client.0.made.lock().unwrap();
        let made = made.as_ref()?;
        Some((*made.written.last()?, made.stale))
    }

    #[test]
    fn certificates_are_read_again_and_half_a_rotation_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let [certificate, key] =
            ["client.pem", "client.key"].map(|name| directory.path().join(name));
        let client = HttpClient::new(HttpOptions {
            tls: TlsFiles {
                unused: true,
                authorities: None,
                client: Some((certificate.clone(), key.clone())),
            },
            ..HttpOptions::default()
        });
        let second = |second| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
        put(&certificate, "client.pem", 1);
        assert!(client.renewed().is_err(), "there is no key");
        put(&key, "client.key", 1);
        assert!(client.renewed().is_ok(), "it is asked for again");
        assert_eq!(state(&client), Some((second(1), false)));

        // The certificate of another, to which the key does not belong.
        put(&certificate, "server.pem", 2);
        assert!(client.renewed().is_ok());
        assert_eq!(state(&client), Some((second(1), true)));
        put(&key, "nothing", 2);
        assert!(client.renewed().is_ok());
        assert_eq!(state(&client), Some((second(1), true)));
        put(&key, "server.key", 3);
        assert!(client.renewed().is_ok());
        assert_eq!(state(&client), Some((second(3), false)));
    }

    #[cfg(feature = "otlp")]
    #[tokio::test]
    async fn certificates_that_hang_hold_up_nothing_but_themselves() {
        let directory = tempfile::tempdir().unwrap();
        let authorities = directory.path().join("ca.pem");
        put(&authorities, "ca.pem", 1);
        let files = TlsFiles {
            authorities: Some(authorities.clone()),
            ..TlsFiles::default()
        };
        let client = HttpClient::new(HttpOptions {
            tls: files,
            ..HttpOptions::default()
        });
        let patience = Duration::from_millis(50);
        let (lets_go, waits) = std::sync::mpsc::channel::<()>();
        let hangs = client.0.aside.run(patience, move || waits.recv()).await;
        assert!(hangs.is_err());
        // Who reads them was given up on. Whoever comes after that waits as well, for as long as its own deadline lets it.
        let waits = tokio::time::timeout(patience, client.sender()).await;
        assert!(waits.is_err(), "they are still being read");
        let (sender, ()) = tokio::join!(client.sender(), async { drop(lets_go) });
        assert!(sender.is_ok(), "they are read");

        put(&authorities, "server.pem", 2);
        let (_held, waits) = std::sync::mpsc::channel::<()>();
        let hangs = client.0.aside.run(patience, move || waits.recv()).await;
        assert!(hangs.is_err());
        assert!(client.sender().await.is_ok(), "the last one goes on");
        let second = |second| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
        assert_eq!(state(&client), Some((second(1), true)));
    }

    #[tokio::test]
    async fn who_comes_while_certificates_are_read_waits_for_them() {
        let client = HttpClient::new(HttpOptions::default());
        let (one, other) = tokio::join!(client.sender(), client.sender());
        assert!(one.is_ok() && other.is_ok());
    }
}
