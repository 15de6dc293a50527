//! Alerts about what services run on, from the metrics of the usual exporters. Each pack is written when it is asked for.
//!
//! They are about everything that Prometheus scrapes from such an exporter, whichever service uses it.

mod cassandra;
mod kubernetes;
mod node;
mod postgres;
mod redis;

use super::Category;

/// Every pack.
pub const PACKS: &[Category] = &[
    node::NODE,
    redis::REDIS,
    postgres::POSTGRES,
    cassandra::CASSANDRA,
    kubernetes::KUBERNETES,
];
