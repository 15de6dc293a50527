//! Messages of OTLP on their way to a collector, over HTTP and in protobuf.
//!
//! They are encoded with `opentelemetry-proto` and sent with our own client, rather than by the exporter of
//! `opentelemetry-otlp`: see `docs/decisions/`.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use prost::Message;

use super::HttpClient;
use crate::config::OtlpTarget;

/// Where one signal is sent.
#[derive(Debug, Clone)]
pub(crate) struct OtlpClient {
    client: HttpClient,
    request: Request<()>,
}

impl OtlpClient {
    pub(crate) fn new(client: HttpClient, target: &OtlpTarget) -> Self {
        Self {
            client,
            request: head(target),
        }
    }

    /// Sends a message and returns the answer. How long that may take is enforced by the caller.
    ///
    /// An answer that cannot be read is the empty one, which says that all was accepted.
    ///
    /// # Errors
    ///
    /// Returns why the message did not arrive, in words for the log.
    pub(crate) async fn post<A: Message + Default>(
        &self,
        message: &impl Message,
    ) -> Result<A, String> {
        let body = Bytes::from(message.encode_to_vec());
        let mut request = self.request.clone().map(|()| body);
        let length = HeaderValue::from(request.body().len());
        request.headers_mut().insert(header::CONTENT_LENGTH, length);
        let response = self.client.send(request).await;
        let response = response.map_err(|error| error.to_string())?;
        if !response.status().is_success() {
            return Err(format!("the collector answered {}", response.status()));
        }
        Ok(A::decode(response.into_body()).unwrap_or_default())
    }
}

fn head(target: &OtlpTarget) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.endpoint.clone();
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    for (name, value) in &target.headers {
        // Both were checked when they were read.
        let pair = name
            .parse::<header::HeaderName>()
            .ok()
            .zip(value.expose().parse::<HeaderValue>().ok());
        if let Some((name, mut value)) = pair {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    request
}

const USER_AGENT: &str = concat!("radiosonde/", env!("CARGO_PKG_VERSION"));
