//! Messages of OTLP on their way to a collector, in protobuf, over HTTP or gRPC.
//!
//! They are encoded with `opentelemetry-proto` and sent with our own client, rather than by the exporter of
//! `opentelemetry-otlp`: see `docs/decisions/`. What a collector does not take it is offered again, as the specification
//! of the protocol has it: when that makes sense, after pauses that grow, and not before the collector wants it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use prost::Message;
use tokio::time::Instant;

use super::attempt::Cutoff;
use super::pipeline::Delivered;
use super::{HttpClient, HttpOptions, Io, give_way};
use crate::config::{OtlpProtocol, OtlpTarget};

mod batch;
#[cfg(feature = "otlp-grpc")]
mod grpc;
mod http_protobuf;
mod refusal;
mod retry;

pub(crate) use batch::Batch;
#[cfg(feature = "otlp-grpc")]
pub(crate) use grpc::call;
use refusal::Refusal;
use retry::{LONGEST_ASKED, Pauses, Throttle, spread};

/// Where one signal is sent.
#[derive(Debug, Clone)]
pub(crate) struct OtlpClient {
    client: HttpClient,
    request: Request<()>,
    protocol: OtlpProtocol,
    gzip: bool,
    /// How long a message is offered, again and again.
    timeout: Duration,
    cutoff: Cutoff,
    throttle: Throttle,
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Posted<A> {
    /// The collector took it, and said this.
    Taken(A),
    /// The collector had asked for a pause that lasts longer than the message may wait.
    HeldBack,
}

impl OtlpClient {
    pub(crate) fn new(io: &mut Io, target: &OtlpTarget) -> Self {
        let options = HttpOptions {
            http2: target.protocol.needs_http2(),
            tls: target.tls.clone(),
        };
        Self {
            client: io.client(options),
            request: head(target),
            protocol: target.protocol,
            gzip: target.gzip,
            timeout: target.timeout,
            cutoff: io.cutoff(),
            throttle: Throttle::default(),
        }
    }

    /// Sends an encoded message, again if need be, and returns the answer.
    ///
    /// Takes no longer than the timeout of the target. An empty answer says that all was accepted; one that is not of the
    /// protocol says that somebody else than a collector was asked.
    ///
    /// # Errors
    ///
    /// Returns why the message did not arrive, in words for the log.
    pub(crate) async fn post<A: Message + Default>(
        &self,
        message: Vec<u8>,
    ) -> Result<Posted<A>, String> {
        let deadline = Instant::now() + self.timeout;
        let body = self.pack(message)?;
        if !self.throttle.ends_by(deadline).await {
            return Ok(Posted::HeldBack);
        }
        let answer = self.offer(body, deadline).await?;
        let answer = A::decode(answer).map_err(|_| NOT_OTLP)?;
        Ok(Posted::Taken(answer))
    }

    async fn offer(&self, body: Bytes, deadline: Instant) -> Result<Bytes, String> {
        let mut pauses = Pauses::new();
        loop {
            let exchange = tokio::time::timeout_at(deadline, self.exchange(body.clone()));
            let Ok(result) = exchange.await else {
                let timeout = humantime::format_duration(self.timeout);
                return Err(format!("not done within {timeout}"));
            };
            let refusal = match result {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            // Whatever it asks for: ages cannot be added to a moment.
            let asked_for = refusal.asks_for.map(|pause| pause.min(LONGEST_ASKED));
            if let Some(pause) = asked_for {
                self.throttle.pause(pause);
            }
            let pause = pauses.next(self.cutoff.has_come());
            let left = deadline.saturating_duration_since(Instant::now());
            let pause = pause.map(|pause| match asked_for {
                Some(asked_for) => pause.max(spread(asked_for, left)),
                None => pause,
            });
            match pause {
                Some(pause) if refusal.transient && Instant::now() + pause < deadline => {
                    self.rest(pause, asked_for.is_some()).await;
                }
                _ => return Err(refusal.reason),
            }
        }
    }

    /// Waits before the next try: not for long once the service ends, unless the collector asked for it.
    async fn rest(&self, pause: Duration, asked_for: bool) {
        let mut cutoff = self.cutoff.clone();
        let full = asked_for || cutoff.has_come();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cutoff.is_set(), if !full => {}
        }
    }

    async fn exchange(&self, body: Bytes) -> Result<Bytes, Refusal> {
        let mut request = self.request.clone().map(|()| body);
        let length = HeaderValue::from(request.body().len());
        request.headers_mut().insert(header::CONTENT_LENGTH, length);
        let response = self.client.exchange(request).await?;
        match self.protocol {
            OtlpProtocol::Http => http_protobuf::answer(response),
            #[cfg(feature = "otlp-grpc")]
            OtlpProtocol::Grpc => grpc::answer(response),
        }
    }

    /// Compresses a message if that is asked for, and frames it if the protocol has frames.
    fn pack(&self, mut bytes: Vec<u8>) -> Result<Bytes, String> {
        if self.gzip {
            bytes = gzip(&bytes).map_err(|error| error.to_string())?;
        }
        match self.protocol {
            OtlpProtocol::Http => Ok(bytes.into()),
            #[cfg(feature = "otlp-grpc")]
            OtlpProtocol::Grpc => grpc::frame(&bytes, self.gzip),
        }
    }
}

impl<A> Posted<A> {
    /// Says what became of so many items, of which the collector refused what `refused` reads from its answer, with its
    /// words.
    pub(crate) fn delivered(
        self,
        count: u64,
        refused: impl FnOnce(A) -> (i64, String),
    ) -> Delivered {
        match self {
            Self::HeldBack => Delivered {
                held_back: count,
                ..Delivered::default()
            },
            Self::Taken(answer) => {
                let (refused, said) = refused(answer);
                let said = &said[..said.floor_char_boundary(MAX_SAID)];
                Delivered {
                    // It cannot have refused more than it got.
                    refused: u64::try_from(refused).unwrap_or(0).min(count),
                    held_back: 0,
                    said: said.to_owned(),
                }
            }
        }
    }
}

/// Makes the head that all requests of a target have.
fn head(target: &OtlpTarget) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.endpoint.clone();
    match target.protocol {
        OtlpProtocol::Http => http_protobuf::describe(&mut request, target.gzip),
        #[cfg(feature = "otlp-grpc")]
        OtlpProtocol::Grpc => grpc::describe(&mut request, target.gzip, target.timeout),
    }
    let headers = request.headers_mut();
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

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Write as _;
    let out = Vec::with_capacity(bytes.len() / 4);
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    for part in bytes.chunks(AT_ONCE) {
        encoder.write_all(part)?;
        give_way();
    }
    encoder.finish()
}

/// Why a message failed that something took which is no collector: a proxy's page of login, say.
const NOT_OTLP: &str = "the answer is not OTLP: the endpoint may be that of something else";

/// Which exporter this is, its language and its version, as the specification of the exporter has it.
const USER_AGENT: &str = concat!("radiosonde-otlp-exporter-rust/", env!("CARGO_PKG_VERSION"));

/// How many bytes are compressed at once: less than a tenth of a millisecond of them.
const AT_ONCE: usize = 8 * 1024;

/// How much of what a collector says is worth repeating.
const MAX_SAID: usize = 200;
