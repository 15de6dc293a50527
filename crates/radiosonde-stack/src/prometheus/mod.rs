//! What Prometheus reads.

mod scrape_config;

pub use scrape_config::{InvalidScrapeConfig, ScrapeConfig};
