//! The HTTP client of the telemetry thread.
//!
//! It follows no redirect and knows no proxy, so that telemetry, and the tokens that go with it, reach the configured
//! address or nothing. Connecting has a deadline of its own; the whole exchange has the one the caller gives.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::text;

/// Sends requests from the telemetry thread. Clones share their connections.
#[derive(Clone)]
pub(crate) struct HttpClient {
    // Made at the first request: loading the certificates of the system reads files, which `init` must not wait for.
    client: Arc<OnceLock<Result<Sender, String>>>,
}

type Sender = Client<Connector, Full<Bytes>>;

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// There is no client; the reason is that of TLS.
    #[error("TLS cannot be set up: {0}")]
    NoClient(String),
    /// The request could not be sent, or there was no answer to it.
    #[error("{}", text::one_line(.0))]
    Exchange(#[source] hyper_util::client::legacy::Error),
    /// The response broke off, or is larger than any that is expected.
    #[error("the response cannot be read: {0}")]
    Response(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpClient {
    pub(crate) fn new() -> Self {
        Self {
            client: Arc::default(),
        }
    }

    /// Sends a request and reads the whole response. How long that may take is enforced by the caller.
    ///
    /// # Errors
    ///
    /// Returns why there is no response; one with a status of failure is a response.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.get_or_init(make_client).as_ref();
        let client = client.map_err(|reason| HttpError::NoClient(reason.clone()))?;
        let response = client
            .request(request.map(Full::new))
            .await
            .map_err(HttpError::Exchange)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE)
            .collect()
            .await
            .map_err(HttpError::Response)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

fn make_client() -> Result<Sender, String> {
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_nodelay(true);
    let connector = with_tls(http)?;
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(1)
        .build(connector))
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
type Connector = HttpConnector;

/// Adds TLS with a provider of its own: the host may install another for the process, and need not install any.
///
/// Without certificates of authorities, as in an image made from scratch, plain `http` works all the same, and `https`
/// fails with an unknown issuer.
#[cfg(any(feature = "tls", feature = "tls-ring"))]
fn with_tls(mut http: HttpConnector) -> Result<Connector, String> {
    #[cfg(feature = "tls")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "tls"))]
    let provider = rustls::crypto::ring::default_provider();
    http.enforce_http(false);
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
#[expect(clippy::unnecessary_wraps, reason = "with TLS it may fail")]
fn with_tls(http: HttpConnector) -> Result<Connector, String> {
    Ok(http)
}

/// How long connecting may take. The deadline of the exchange alone would let a black hole use all of it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Collectors and Sentry answer in a few hundred bytes.
const MAX_RESPONSE: usize = 64 * 1024;
