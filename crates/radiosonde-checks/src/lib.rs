#![doc = include_str!("../README.md")]
//!
//! # Features
//!
//! None is on by default. Each makes a module of its name, whose `check` returns a [`Check`](radiosonde_health::Check): its
//! schedule, thresholds and severity are set on that.
//!
//! | feature | asks | by | tested against |
//! |---|---|---|---|
//! | `postgres` | PostgreSQL: a round trip | a pool of `sqlx` | PostgreSQL 15, killed, revived, stopped |
//! | `mysql` | MySQL and MariaDB: a round trip | a pool of `sqlx` | MariaDB 10.11, killed, revived, stopped |
//! | `sqlite` | SQLite: a read | a pool of `sqlx` | SQLite itself |
//! | `redis` | Redis and its like: `PING` | a connection of `redis`, or any pool of them | Redis 7, killed, revived, stopped |
//! | `rabbitmq` | RabbitMQ: a channel, opened and closed | a connection of `lapin` | RabbitMQ 3.10, killed, revived, stopped |
//! | `nats` | NATS: a message to ourselves | a client of `async-nats` | NATS 2.9, killed, revived, stopped |
//! | `kafka` | Kafka: the leaders of a topic | a producer or consumer of `rdkafka` | the brokers of `librdkafka` for tests: down, up, slow |
//! | `mongodb` | MongoDB: `ping` | a client of `mongodb` | NX-27017, a server of its protocol by others: killed, revived, stopped |
//! | `cassandra` | Cassandra, ScyllaDB: one row of `system.local` | a session of `scylla` | a node that we wrote after the specification, not recorded |
//! | `clickhouse` | ClickHouse: `/ping` | a client of `reqwest` | ClickHouse 18.16, killed, revived, stopped |
//! | `gremlin` | Gremlin Server, JanusGraph: the number 1 | a client of `reqwest` | answers in the forms that TinkerPop 3 and 4, `HugeGraph` and `GraphScope` show, not recorded |
//! | `http` | an HTTP service: 2xx | a client of `reqwest` | a server |
//! | `grpc` | a gRPC service: `grpc.health.v1` | a channel of `tonic` | Radiosonde's own server of the protocol |
//! | `tcp` | a port: that it accepts | Tokio | a port |
//! | `dns` | a name: that it resolves | the resolver of the system | `localhost` |
//! | `disk` | a file system: free space (Unix) | the system | a file system |
//! | `certificate` | a PEM file: how long its certificates last | us | certificates of `openssl` |
//!
//! What a driver tells of its connections is shown as the standard instruments of `radiosonde-metrics`:
//!
//! | driver | by | shows |
//! |---|---|---|
//! | `sqlx` | `sql::record_pool` | connections idle, in use, at most |
//! | `deadpool` (feature `deadpool`) | `deadpool::record_pool` | the same, and who waits |
//! | `bb8` (feature `bb8`) | `bb8::record_pool` | the same, and who waited in vain |
//! | `mongodb` | `mongodb::record_pool` | the same, and for how long somebody waited |
//! | `scylla` (feature `cassandra-metrics`) | `cassandra::record_pool` | connections to the cluster |
//! | `rdkafka` | `kafka::RecordStatistics` | connections to brokers, and how many messages wait |
//! | a file of certificates | `certificate::recorded_check` | when the first of them ends |
//!
//! Drivers that keep one connection have no pool, and tell nothing of what waits: `lapin`, `async-nats`, a `ConnectionManager` of
//! `redis`, a `Channel` of `tonic`. `reqwest` has pools, and shows nobody what is in them.

#[cfg(feature = "bb8")]
pub mod bb8;
#[cfg(feature = "cassandra")]
pub mod cassandra;
#[cfg(feature = "certificate")]
pub mod certificate;
#[cfg(feature = "clickhouse")]
pub mod clickhouse;
#[cfg(feature = "deadpool")]
pub mod deadpool;
#[cfg(feature = "certificate")]
mod der;
#[cfg(all(feature = "disk", unix))]
pub mod disk;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "gremlin")]
pub mod gremlin;
#[cfg(feature = "grpc")]
pub mod grpc;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "mongodb")]
pub mod mongodb;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod round_trip;
#[cfg(feature = "sqlx")]
pub mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "tcp")]
pub mod tcp;
