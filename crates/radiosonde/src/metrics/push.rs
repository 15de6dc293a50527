//! The worker that sends the registry to a collector, again and again.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use prost::Message as _;
use radiosonde_catalog::{
    METRIC_POINTS_COLLECTED, METRIC_POINTS_DROPPED, METRIC_POINTS_FAILED, METRIC_POINTS_SENT,
};
use radiosonde_metrics::Registry;

use super::delta::Deltas;
use super::encode::message;
use super::reading::Reader;
use crate::config::MetricExport;
use crate::io::attempt::{Cutoff, Outage, attempt};
use crate::io::pipeline::Account;
use crate::io::{Io, OtlpClient, Posted, Rounds};

/// Starts the worker, and returns the account of the points that it collects.
pub(crate) fn start(
    io: &mut Io,
    export: &MetricExport,
    resource: &opentelemetry_sdk::Resource,
    registry: &Registry,
) -> Account {
    let account = Account::open(
        registry,
        [
            &METRIC_POINTS_COLLECTED,
            &METRIC_POINTS_SENT,
            &METRIC_POINTS_FAILED,
            &METRIC_POINTS_DROPPED,
        ],
    );
    let resource = Resource {
        attributes: ResourceAttributesWithSchema::from(resource).attributes.0,
        ..Resource::default()
    };
    let push = Push {
        client: OtlpClient::new(io, &export.target),
        timeout: export.target.timeout,
        reader: Reader::new(registry, move |registry| message(registry, &resource)),
        deltas: export.delta.then(Deltas::default),
        account: account.clone(),
        outage: Outage::new("metrics"),
    };
    let every = export.interval;
    io.spawn(|cutoff| push.run(every, cutoff));
    account
}

struct Push {
    client: OtlpClient,
    timeout: Duration,
    reader: Reader<Points>,
    /// Where what came since is sent, and not totals.
    deltas: Option<Deltas>,
    account: Account,
    outage: Outage,
}

/// A message, and how many points are in it.
type Points = (ExportMetricsServiceRequest, u64);

impl Push {
    async fn run(mut self, every: Duration, cutoff: Cutoff) {
        let mut rounds = Rounds::new(every, cutoff);
        while let Some(cutoff) = rounds.next().await {
            match self.reader.read(self.timeout, cutoff).await {
                Ok(points) => self.send(points, cutoff).await,
                Err(reason) => self.outage.note(Some(reason)),
            }
        }
    }

    /// Sends points and settles their account.
    async fn send(&mut self, (mut message, points): Points, cutoff: &mut Cutoff) {
        self.account.ended.increment(points);
        if cutoff.is_past() {
            return self.account.dropped.increment(points);
        }
        let deltas = self.deltas.as_ref();
        let on_the_way = deltas.map(|deltas| deltas.apply(&mut message));
        let client = self.client.clone();
        let exchange = async move { client.post(message.encode_to_vec()).await };
        let result = attempt(exchange, self.timeout + Io::GRACE, cutoff).await;
        if let (Some(deltas), Some(totals), Ok(Posted::Taken(_))) =
            (&mut self.deltas, on_the_way, &result)
        {
            deltas.arrived(totals);
        }
        let delivered = result.map(|posted| {
            posted.delivered(points, |answer: ExportMetricsServiceResponse| {
                let partial = answer.partial_success.unwrap_or_default();
                (partial.rejected_data_points, partial.error_message)
            })
        });
        self.account.settle(points, delivered, &mut self.outage);
    }
}
