//! What Prometheus reads.

mod alerting;
mod files;
mod objective_stories;
mod objectives;
mod recording;
mod rules;
mod scrape_config;
mod stories;

pub(crate) use alerting::Bearing;
pub(crate) use files::write;
pub use recording::{RECORDS, Record};
pub use scrape_config::{InvalidScrapeConfig, ScrapeConfig};
