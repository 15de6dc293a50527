#![doc = include_str!("../README.md")]

pub mod alertmanager;
pub mod alerts;
mod catalogue;
#[cfg(feature = "cli")]
pub mod cli;
mod diff;
mod disk;
mod duration;
mod gaps;
mod grafana;
mod histogram;
mod http;
mod manifest;
pub mod naming;
mod options;
pub mod prometheus;
pub mod promql;
mod readme;
mod receivers;
mod runbooks;
pub mod settings;
mod source;
mod stack;
mod texts;
mod tree;
mod warnings;
mod yaml;

pub use catalogue::{
    DeclaredBy, InvalidCatalogue, MetricKind, MetricUnit, ServiceCatalogue, ServiceMetric,
};
pub use disk::{Difference, DiskError, committed};
pub use grafana::{DataSources, TraceStore};
pub use manifest::{Entry, InvalidManifest, Manifest, Promise};
pub use naming::Naming;
pub use options::{Options, Target};
pub use prometheus::{InvalidScrapeConfig, ScrapeConfig};
pub use receivers::Channel;
pub use source::{Source, SourceError};
pub use stack::{InvalidStack, Service, Stack};
pub use tree::{Origin, Tree};
