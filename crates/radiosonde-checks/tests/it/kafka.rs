//! The check of Kafka against the cluster of brokers that `librdkafka` brings for tests.

use std::sync::Arc;
use std::time::Duration;

use radiosonde_checks::kafka::{self, RecordStatistics};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use radiosonde_testkit::eventually;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord, ThreadedProducer};

use crate::{error, run, turns};

type Cluster = MockCluster<'static, DefaultProducerContext>;

/// A cluster of one broker, which leads the two partitions of `orders`.
fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("orders", 2, 1).unwrap();
    cluster
}

fn config(cluster: &Cluster) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "checkout")
        .set("allow.auto.create.topics", "false")
        .set("reconnect.backoff.max.ms", "200")
        .set("statistics.interval.ms", "100")
        // What it has to say of brokers that are down is what the tests are about.
        .set("log_level", "0");
    config
}

#[tokio::test]
async fn a_topic_with_leaders_passes_by_producers_and_consumers_alike() {
    let cluster = cluster();
    let config = config(&cluster);
    let producer: ThreadedProducer<_> = config.create().unwrap();
    let future_producer: FutureProducer = config.create().unwrap();
    let consumer: Arc<BaseConsumer> = Arc::new(config.create().unwrap());
    for check in [
        kafka::check("events", producer, "orders"),
        kafka::check("events", future_producer, "orders"),
        kafka::check("events", consumer, "orders"),
    ] {
        let report = run(check).await;
        assert!(report.is_passing(), "{report:?}");
    }
}

#[tokio::test]
async fn a_topic_that_is_not_there_fails() {
    let cluster = cluster();
    let consumer: Arc<BaseConsumer> = Arc::new(config(&cluster).create().unwrap());
    let said = error(kafka::check("events", consumer, "parcels")).await;
    assert!(said.contains("UnknownTopic"), "{said}");
}

#[tokio::test]
async fn a_partition_without_a_leader_fails() {
    let cluster = cluster();
    cluster.partition_leader("orders", 1, None).unwrap();
    let consumer: Arc<BaseConsumer> = Arc::new(config(&cluster).create().unwrap());
    let said = error(kafka::check("events", consumer, "orders")).await;
    assert_eq!(said, "1 of 2 partitions have no leader");
}

#[tokio::test]
async fn a_slow_cluster_has_the_time_that_the_check_has() {
    let cluster = cluster();
    let consumer: Arc<BaseConsumer> = Arc::new(config(&cluster).create().unwrap());
    cluster
        .broker_round_trip_time(1, Duration::from_millis(1_100))
        .unwrap();
    // More than one second, which a check has unless it is given more.
    let report = run(kafka::check("events", consumer, "orders")).await;
    assert!(report.is_passing(), "{report:?}");
}

#[tokio::test]
async fn a_cluster_is_followed_through_its_troubles() {
    let cluster = cluster();
    let consumer: Arc<BaseConsumer> = Arc::new(config(&cluster).create().unwrap());
    let health = Health::new();
    let check = kafka::check("events", consumer, "orders").critical();
    let check = check
        .interval(Duration::from_secs(1))
        .interval_while_failing(Duration::from_millis(100));
    health.register(check).unwrap();
    turns(&health, true, "it answers").await;
    cluster.broker_down(1).unwrap();
    turns(&health, false, "its broker is down").await;
    cluster.broker_up(1).unwrap();
    turns(&health, true, "its broker is up").await;
    let slow = Duration::from_secs(20);
    cluster.broker_round_trip_time(1, slow).unwrap();
    turns(&health, false, "its broker is slow").await;
    cluster.broker_round_trip_time(1, Duration::ZERO).unwrap();
    turns(&health, true, "its broker is quick").await;
}

#[test]
fn what_waits_and_the_connections_are_shown() {
    let (cluster, registry) = (cluster(), Registry::new());
    let mut config = config(&cluster);
    let sent = RecordStatistics::new(&registry, "sent");
    let producer: FutureProducer<_> = config.create_with_context(sent).unwrap();
    let read = RecordStatistics::new(&registry, "read");
    config.set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer<_> = config.create_with_context(read).unwrap();
    let shown = |line: &str| {
        eventually(line, Duration::from_mins(1), || {
            // Whoever polls is told of the statistics.
            consumer.poll(Duration::from_millis(10));
            registry.render().contains(line).then_some(())
        });
    };
    consumer.subscribe(&["orders"]).unwrap();
    shown(r#"connection_pool_connections{pool="sent",state="idle"} 1"#);
    shown(r#"connection_pool_connections_max{pool="sent"} 1"#);
    shown(r#"queue_depth{queue="sent"} 0"#);
    shown(r#"connection_pool_connections{pool="read",state="idle"} 1"#);

    cluster.broker_down(1).unwrap();
    shown(r#"connection_pool_connections{pool="sent",state="idle"} 0"#);
    for _ in 0..3 {
        let record = FutureRecord::<(), str>::to("orders")
            .partition(0)
            .payload("parcel");
        drop(producer.send_result(record).unwrap());
    }
    shown(r#"queue_depth{queue="sent"} 3"#);
    cluster.broker_up(1).unwrap();
    shown(r#"queue_depth{queue="sent"} 0"#);
}
