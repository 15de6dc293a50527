//! What `librdkafka` counts, as standard instruments.

use radiosonde_metrics::Registry;
use radiosonde_metrics::standard::{ConnectionPool, Queue};
use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerContext;

/// A context of a client that shows its statistics: the connections to brokers as [`ConnectionPool`], and what waits as
/// [`Queue`], both of the name that was given.
///
/// What waits are, for a producer, the messages that no broker has taken yet, and for a consumer those of its partitions that its
/// group has not read yet. Connections carry many requests at once: those that are up are idle ones, and the most is one for each
/// broker. For how long a message has waited, `librdkafka` does not tell.
///
/// The client tells every `statistics.interval.ms`, which is never by default. One that has a context of its own calls
/// [`record`](Self::record) from [`ClientContext::stats`].
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use radiosonde_checks::kafka::RecordStatistics;
/// use radiosonde_metrics::Registry;
/// use rdkafka::ClientConfig;
/// use rdkafka::consumer::BaseConsumer;
///
/// let registry = Registry::new();
/// let mut config = ClientConfig::new();
/// config.set("group.id", "checkout").set("statistics.interval.ms", "5000");
/// let context = RecordStatistics::new(&registry, "orders");
/// let consumer: BaseConsumer<_> = config.create_with_context(context)?;
/// # let _ = consumer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RecordStatistics {
    connections: ConnectionPool,
    waiting: Queue,
}

impl RecordStatistics {
    /// Makes the series of the client of this name, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, name: &str) -> Self {
        Self {
            connections: ConnectionPool::new(registry, name),
            waiting: Queue::new(registry, name),
        }
    }

    /// Shows these statistics, until the next ones come.
    pub fn record(&self, statistics: &Statistics) {
        // Those with a number: an address to begin with, or the coordinator of a group, is the same broker again.
        let brokers = statistics
            .brokers
            .values()
            .filter(|broker| broker.nodeid >= 0);
        let up = brokers.clone().filter(|broker| broker.state == "UP");
        self.connections.set_max(brokers.count());
        self.connections.set_idle(up.count());
        self.waiting.set_depth(waiting(statistics));
    }
}

impl ClientContext for RecordStatistics {
    fn stats(&self, statistics: Statistics) {
        self.record(&statistics);
    }
}

impl ConsumerContext for RecordStatistics {}

fn waiting(statistics: &Statistics) -> usize {
    let topics = statistics.topics.values();
    let partitions = topics.flat_map(|topic| topic.partitions.values());
    // Negative where it is not known.
    let lag = partitions.filter_map(|partition| u64::try_from(partition.consumer_lag).ok());
    usize::try_from(statistics.msg_cnt + lag.sum::<u64>()).unwrap_or(usize::MAX)
}
