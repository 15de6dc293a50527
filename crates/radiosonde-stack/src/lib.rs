#![doc = include_str!("../README.md")]

pub mod naming;
pub mod prometheus;
pub mod promql;
mod stack;
mod tree;

pub use naming::Naming;
pub use prometheus::{InvalidScrapeConfig, ScrapeConfig};
pub use stack::{Options, Service, Stack, Target};
pub use tree::{Origin, Tree};
