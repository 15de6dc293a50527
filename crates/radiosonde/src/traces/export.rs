//! Spans on their way to a collector: OTLP over HTTP, in protobuf.
//!
//! The messages are encoded with `opentelemetry-proto` and sent with our own client, rather than by the exporter of
//! `opentelemetry-otlp`: see `docs/decisions/`.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use prost::Message as _;
use radiosonde_catalog::{SPANS_DROPPED, SPANS_ENDED, SPANS_FAILED, SPANS_SENT};
use radiosonde_metrics::Registry;

use crate::config::OtlpSettings;
use crate::io::pipeline::{self, Account, Batching, Delivered, Destination, Queue};
use crate::io::{HttpClient, Io};

/// Takes spans that ended, and hands them to the telemetry thread.
#[derive(Debug, Clone)]
pub(crate) struct SpanQueue(Queue<SpanData>);

impl SpanQueue {
    /// Starts the worker that sends to the collector.
    pub(crate) fn start(
        io: &mut Io,
        settings: &OtlpSettings,
        resource: &Resource,
        registry: &Registry,
    ) -> Self {
        let account = Account::open(
            registry,
            [&SPANS_ENDED, &SPANS_SENT, &SPANS_FAILED, &SPANS_DROPPED],
        );
        let batching = Batching {
            queue: settings.queue,
            batch: settings.batch,
            delay: settings.delay,
            timeout: settings.timeout,
        };
        let collector = Collector {
            client: io.client(),
            resource: resource.into(),
            request: request_head(settings),
        };
        Self(pipeline::start(io, collector, batching, account))
    }

    pub(crate) fn account(&self) -> &Account {
        self.0.account()
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.offer(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        // The telemetry thread flushes at the end; nobody else may wait for the network.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The collector, as the worker sees it.
struct Collector {
    client: HttpClient,
    resource: ResourceAttributesWithSchema,
    request: Request<()>,
}

impl Destination for Collector {
    type Item = SpanData;
    const ITEMS: &'static str = "spans";

    async fn send(&self, spans: Vec<SpanData>) -> Result<Delivered, String> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let mut request = self.request.clone().map(|()| Bytes::from(body));
        let length = HeaderValue::from(request.body().len());
        request.headers_mut().insert(header::CONTENT_LENGTH, length);
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        if !response.status().is_success() {
            return Err(format!("the collector answered {}", response.status()));
        }
        Ok(Delivered {
            refused: refused(response.body()),
            held_back: 0,
        })
    }
}

/// Returns how many spans the collector says it refused. An answer that cannot be read says none.
fn refused(body: &Bytes) -> u64 {
    let response = ExportTraceServiceResponse::decode(body.clone()).unwrap_or_default();
    let refused = response
        .partial_success
        .map_or(0, |partial| partial.rejected_spans);
    u64::try_from(refused).unwrap_or(0)
}

fn request_head(settings: &OtlpSettings) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = settings.endpoint.clone();
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    for (name, value) in &settings.headers {
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
