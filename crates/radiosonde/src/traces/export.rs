//! Spans on their way to a collector.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use radiosonde_catalog::{SPANS_DROPPED, SPANS_ENDED, SPANS_FAILED, SPANS_SENT};
use radiosonde_metrics::Registry;

use crate::config::SpanExport;
use crate::io::pipeline::{self, Account, Batching, Delivered, Destination, Queue};
use crate::io::{Io, OtlpClient};

/// Takes spans that ended, and hands them to the telemetry thread.
#[derive(Debug, Clone)]
pub(crate) struct SpanQueue(Queue<SpanData>);

impl SpanQueue {
    /// Starts the worker that sends to the collector.
    pub(crate) fn start(
        io: &mut Io,
        settings: &SpanExport,
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
            timeout: settings.target.timeout,
        };
        let collector = Collector {
            client: OtlpClient::new(io.client(), &settings.target),
            resource: resource.into(),
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
    client: OtlpClient,
    resource: ResourceAttributesWithSchema,
}

impl Destination for Collector {
    type Item = SpanData;
    const ITEMS: &'static str = "spans";

    async fn send(&self, spans: Vec<SpanData>) -> Result<Delivered, String> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let request = ExportTraceServiceRequest { resource_spans };
        let response: ExportTraceServiceResponse = self.client.post(&request).await?;
        let refused = response
            .partial_success
            .map_or(0, |partial| partial.rejected_spans);
        Ok(Delivered {
            refused: u64::try_from(refused).unwrap_or(0),
            held_back: 0,
        })
    }
}
