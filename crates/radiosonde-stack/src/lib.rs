#![doc = include_str!("../README.md")]

pub mod alerts;
mod catalogue;
pub mod naming;
mod options;
pub mod prometheus;
pub mod promql;
pub mod settings;
mod stack;
mod tree;
mod yaml;

pub use catalogue::{
    DeclaredBy, InvalidCatalogue, MetricKind, MetricUnit, ServiceCatalogue, ServiceMetric,
};
pub use naming::Naming;
pub use options::{Options, Target};
pub use prometheus::{InvalidScrapeConfig, ScrapeConfig};
pub use stack::{Service, Stack};
pub use tree::{Origin, Tree};
