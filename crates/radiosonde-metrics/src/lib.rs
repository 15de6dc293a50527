#![doc = include_str!("../README.md")]
//!
//! # Words
//!
//! An *instrument* is what code records into: a [`Counter`], a [`Gauge`] or a [`Histogram`]. A *series* is one
//! instrument under one set of labels; the series of one name are a *family*. A *handle* is what the code holds; it
//! stays valid for as long as the registry's data is wanted by anyone, and recording through it takes no lock.
//!
//! # Laws
//!
//! - Histograms aggregate on write: memory depends on the number of series, never on how often somebody scrapes.
//! - The count of a histogram is the sum of its buckets, so `count` equals the `+Inf` bucket in every text.
//! - The number of series is bounded ([`RegistryOptions`]). Past the budget of a metric, values go to one series
//!   labelled `otel_metric_overflow="true"`, so that totals stay right; what cannot be kept even there is refused.
//! - What would make a scraper refuse the text is refused here, counted in `radiosonde_metrics_refused_total`, and
//!   harmless: the caller gets a handle that records nothing.

mod bounds;
mod canonical;
mod cells;
mod exposition;
mod facade;
mod instrument;
mod options;
mod registry;
mod sync;

pub use bounds::{Bounds, InvalidBounds};
pub use exposition::Exposition;
pub use instrument::{Counter, Gauge, Histogram, UpDownCounter};
pub use options::RegistryOptions;
pub use registry::Registry;
