#![doc = include_str!("../README.md")]
//!
//! # Words
//!
//! An *instrument* is what code records into: a [`Counter`], a [`Gauge`] or a [`Histogram`]. A *series* is one
//! instrument under one set of labels; the series of one name are a *family*. A *handle* is what the code holds; it
//! stays valid for as long as the registry's data is wanted by anyone, and recording through it takes no lock.
//!
//! Whoever records what services always have, finds [`standard`] instruments; whoever counts something of its own, declares
//! [`typed`] ones.
//!
//! # Laws
//!
//! - Histograms aggregate on write: memory depends on the number of series, and of the threads that record into each,
//!   never on how often somebody scrapes.
//! - The count of a histogram is the sum of its buckets, so `count` equals the `+Inf` bucket in every text.
//! - The number of series is bounded ([`RegistryOptions`]). Past the budget of a metric, values go to one series
//!   labelled `otel_metric_overflow="true"`, so that totals stay right; what cannot be kept even there is refused.
//! - What would make a scraper refuse the text is refused here, counted in `radiosonde_metrics_refused_total`, and
//!   harmless: the caller gets a handle that records nothing.
//!
//! # Features
//!
//! | feature | on by default | what it adds |
//! |---|---|---|
//! | `derive` | no | the derives of [`typed`] instruments |
//! | `process` | no | `collect::watch_process`: processor time, memory, file descriptors, cgroup limits |
//! | `slo` | no | `slo`: burn rates and error budgets of objectives |
//! | `runtime` | no | `collect::watch_current_runtime`: Tokio's workers, tasks, busy time and scheduling delay |

// For the crates of Radiosonde alone.
#[doc(hidden)]
pub mod attempt;
mod bounds;
mod canonical;
mod catalogue;
mod cells;
pub mod collect;
mod exemplar;
mod exponential;
mod exposition;
mod facade;
mod family;
mod histogram;
mod index;
mod instrument;
mod operations;
mod options;
mod reading;
mod refusals;
mod registry;
#[cfg(feature = "slo")]
pub mod slo;
pub mod standard;
mod sync;
pub mod typed;

pub use bounds::{Bounds, InvalidBounds};
pub use exemplar::{Exemplar, SampledSpan};
pub use exponential::{Exponential, ExponentialBuckets};
pub use exposition::Exposition;
pub use histogram::Histogram;
pub use instrument::{Counter, Gauge, UpDownCounter};
pub use operations::{Ending, EndingId, Operations, OperationsPart};
pub use options::RegistryOptions;
pub use reading::{Family, Series, Value};
pub use registry::Registry;
