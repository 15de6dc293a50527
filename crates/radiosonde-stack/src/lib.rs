#![doc = include_str!("../README.md")]

mod scrape_config;

pub use scrape_config::{InvalidScrapeConfig, ScrapeConfig};
