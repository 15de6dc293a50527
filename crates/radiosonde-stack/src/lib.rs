#![doc = include_str!("../README.md")]

mod catalogue;
mod scrape_config;

pub use catalogue::{
    DeclaredBy, InvalidCatalogue, MetricKind, MetricUnit, ServiceCatalogue, ServiceMetric,
};
pub use scrape_config::{InvalidScrapeConfig, ScrapeConfig};
