//! Kafka.

mod client;
mod statistics;

use radiosonde_health::{Check, CheckFailed};
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::types::RDKafkaErrorCode;

pub use client::Client;
pub use statistics::RecordStatistics;

/// Makes a check that asks the cluster for this topic, by a producer or consumer of the service. It passes when the topic is
/// there and each of its partitions has a leader, which is what it takes to write and to read.
///
/// Name a topic that the service uses: where brokers make the topics that they are asked for, this makes it, too. Brokers answer
/// what they know of the cluster, and a broker that is down takes its partitions out of it only until others lead them.
///
/// `librdkafka` blocks the thread that asks, which is one of Tokio's for that. It is given nine tenths of the check's
/// [timeout](Check::timeout), so that it can say itself what it waited for.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use rdkafka::ClientConfig;
/// use rdkafka::consumer::BaseConsumer;
///
/// let mut config = ClientConfig::new();
/// config.set("bootstrap.servers", "kafka.internal:9092").set("group.id", "checkout");
/// let consumer: Arc<BaseConsumer> = Arc::new(config.create()?);
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::kafka::check("orders", Arc::clone(&consumer), "orders"))?;
/// # Ok(())
/// # }
/// ```
pub fn check<T>(name: impl Into<String>, client: T, topic: impl Into<String>) -> Check
where
    T: Client + Send + Sync + 'static,
{
    let topic = topic.into();
    Check::blocking_within(name, move |left| {
        let metadata = client.metadata(&topic, left.mul_f64(SHARE))?;
        has_leaders(&metadata, &topic)
    })
}

fn has_leaders(metadata: &Metadata, name: &str) -> Result<(), CheckFailed> {
    let topic = metadata.topics().iter().find(|topic| topic.name() == name);
    let topic = topic.ok_or_else(|| CheckFailed::new("the cluster says nothing of the topic"))?;
    if let Some(error) = topic.error() {
        return Err(RDKafkaErrorCode::from(error).into());
    }
    let (without, all) = (leaderless(topic), topic.partitions().len());
    match without {
        0 if all > 0 => Ok(()),
        0 => Err(CheckFailed::new("the topic has no partition")),
        _ => Err(CheckFailed::new(format_args!(
            "{without} of {all} partitions have no leader"
        ))),
    }
}

fn leaderless(topic: &MetadataTopic) -> usize {
    let partitions = topic.partitions().iter();
    let without =
        partitions.filter(|partition| partition.leader() < 0 || partition.error().is_some());
    without.count()
}

/// How much of its time a check waits for the cluster.
const SHARE: f64 = 0.9;
