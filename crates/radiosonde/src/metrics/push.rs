//! The worker that sends the registry to a collector, again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use radiosonde_catalog::{
    METRIC_POINTS_COLLECTED, METRIC_POINTS_DROPPED, METRIC_POINTS_FAILED, METRIC_POINTS_SENT,
};
use radiosonde_metrics::Registry;
use tokio::time::{MissedTickBehavior, interval};

use super::encode::message;
use crate::config::MetricExport;
use crate::io::attempt::{Cutoff, Outage, attempt};
use crate::io::pipeline::Account;
use crate::io::{Io, OtlpClient};

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
    let push = Push {
        client: OtlpClient::new(io.client(), &export.target),
        timeout: export.target.timeout,
        resource: Resource {
            attributes: ResourceAttributesWithSchema::from(resource).attributes.0,
            ..Resource::default()
        },
        registry: registry.clone(),
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
    resource: Resource,
    registry: Registry,
    account: Account,
    outage: Outage,
}

impl Push {
    async fn run(mut self, every: Duration, mut cutoff: Cutoff) {
        let mut ticks = interval(every);
        // A collector that was slow is not made up for: the next points say it all.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, when there is nothing to say yet.
        ticks.tick().await;
        loop {
            let ends = tokio::select! {
                biased;
                () = cutoff.is_set() => true,
                _ = ticks.tick() => false,
            };
            self.send(&mut cutoff).await;
            if ends {
                return;
            }
        }
    }

    /// Collects all points, sends them and settles their account.
    async fn send(&mut self, cutoff: &mut Cutoff) {
        // What is collected may be the host's code.
        let collect = AssertUnwindSafe(|| message(&self.registry, &self.resource));
        let Ok((message, points)) = catch_unwind(collect) else {
            return;
        };
        self.account.ended.increment(points);
        if cutoff.is_past() {
            return self.account.dropped.increment(points);
        }
        let client = self.client.clone();
        let exchange = async move { client.post(&message).await };
        let result = attempt(exchange, self.timeout, cutoff).await;
        match &result {
            Ok(ExportMetricsServiceResponse { partial_success }) => {
                let refused = partial_success
                    .as_ref()
                    .map_or(0, |partial| partial.rejected_data_points);
                // The collector cannot have refused more than it got.
                let refused = u64::try_from(refused).unwrap_or(0).min(points);
                self.account.failed.increment(refused);
                self.account.sent.increment(points - refused);
            }
            Err(_) => self.account.failed.increment(points),
        }
        self.outage.note(result.err());
    }
}
