//! The registry that every metric of the process is recorded in.
//!
//! It is scraped at `/metrics` and, where there is a collector, sent there over OTLP as well: at an interval, and when the
//! service ends.

#[cfg(feature = "otlp")]
mod delta;
#[cfg(feature = "otlp")]
mod encode;
#[cfg(feature = "otlp")]
mod print;
#[cfg(feature = "otlp")]
mod push;
#[cfg(feature = "otlp")]
mod reading;
pub mod typed;

#[cfg(feature = "otlp")]
pub(crate) use print::start_printing;
#[cfg(feature = "otlp")]
pub(crate) use push::start;

#[doc(inline)]
pub use radiosonde_catalog::{Kind, Metric, Unit};
#[doc(inline)]
pub use radiosonde_metrics::{
    Bounds, Counter, Exemplar, Exponential, ExponentialBuckets, Exposition, Family, Gauge,
    Histogram, InvalidBounds, Registry, RegistryOptions, SampledSpan, Series, UpDownCounter, Value,
};
#[doc(inline)]
pub use radiosonde_metrics::{collect, standard};
