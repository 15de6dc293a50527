//! What Prometheus reads.

mod alerting;
mod config;
mod files;
mod objective_stories;
mod objectives;
mod record_stories;
mod recording;
mod rules;
mod scrape_config;
mod stories;

pub(crate) use alerting::Bearing;
pub(crate) use config::OWN_JOBS;
pub(crate) use files::{about_no_service, alerts, write};
pub(crate) use objectives::{
    CATEGORY as OBJECTIVES, EXHAUSTED, NO_TRAFFIC, OF_OBJECTIVES, PAGE, TICKET, TIERS,
};
pub use recording::{RECORDS, Record};
pub(crate) use rules::AlertRule;
pub use scrape_config::{InvalidScrapeConfig, ScrapeConfig};
