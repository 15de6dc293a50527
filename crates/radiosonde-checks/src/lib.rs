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
//! | `redis` | Redis and its like: `PING` | a connection of `redis` | Redis 7, killed, revived, stopped |
//! | `rabbitmq` | RabbitMQ: a channel, opened and closed | a connection of `lapin` | RabbitMQ 3.10, killed, revived, stopped |
//! | `nats` | NATS: a message to ourselves | a client of `async-nats` | NATS 2.9, killed, revived, stopped |
//! | `clickhouse` | ClickHouse: `/ping` | a client of `reqwest` | answers written by hand, not recorded |
//! | `gremlin` | Gremlin Server, JanusGraph: the number 1 | a client of `reqwest` | answers written by hand, not recorded |
//! | `http` | an HTTP service: 2xx | a client of `reqwest` | a server |
//! | `grpc` | a gRPC service: `grpc.health.v1` | a channel of `tonic` | Radiosonde's own server of the protocol |
//! | `tcp` | a port: that it accepts | Tokio | a port |
//! | `dns` | a name: that it resolves | the resolver of the system | `localhost` |
//! | `disk` | a file system: free space (Unix) | the system | a file system |
//! | `certificate` | a PEM file: how long its certificates last | us | certificates of `openssl` |
//!
//! `sql::record_pool` shows the numbers of a pool of `sqlx` as the standard instrument of connection pools.

#[cfg(feature = "certificate")]
pub mod certificate;
#[cfg(feature = "clickhouse")]
pub mod clickhouse;
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
#[cfg(feature = "sqlx")]
pub mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "tcp")]
pub mod tcp;
