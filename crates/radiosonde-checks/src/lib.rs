#![doc = include_str!("../README.md")]
//!
//! # Connections
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
