//! What arrived at a collector, decoded.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use radiosonde::Sonde;
use radiosonde_testkit::fault::FaultCollector;

/// Ends the service, and returns the spans that arrived.
pub(crate) async fn spans(sonde: Sonde, collector: &FaultCollector) -> Vec<Span> {
    let report = sonde.shutdown(Duration::from_secs(20)).await;
    let of = report.spans;
    assert_eq!(of.ended, of.sent + of.failed + of.dropped, "{report:?}");
    let resources = resource_spans(collector).into_iter();
    resources
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect()
}

/// Returns the spans that arrived so far, with the resource that they are of.
pub(crate) fn resource_spans(collector: &FaultCollector) -> Vec<ResourceSpans> {
    let messages = messages(collector, "/v1/traces");
    messages
        .flat_map(|message: ExportTraceServiceRequest| message.resource_spans)
        .collect()
}

/// Returns the log records that arrived so far, with the resource that they are of.
pub(crate) fn resource_logs(collector: &FaultCollector) -> Vec<ResourceLogs> {
    let messages = messages(collector, "/v1/logs");
    messages
        .flat_map(|message: ExportLogsServiceRequest| message.resource_logs)
        .collect()
}

fn messages<M: Message + Default>(
    collector: &FaultCollector,
    path: &'static str,
) -> impl Iterator<Item = M> {
    let requests = collector.requests().into_iter();
    requests
        .filter(move |request| request.path() == path)
        .map(|request| M::decode(&*request.body).unwrap())
}
