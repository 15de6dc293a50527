//! Typed instruments: metrics of the service's own, declared once, with labels that are enums.
//!
//! [`radiosonde_metrics::typed`] describes them and the options of the derives.
#![cfg_attr(feature = "derive", doc = include_str!("typed.md"))]

#[doc(hidden)]
pub use radiosonde_metrics::typed::__private;
// The trait alone: the derive of the same name is that of the other crate.
#[doc(inline)]
pub use radiosonde_metrics::typed::__private::Label;
#[doc(inline)]
pub use radiosonde_metrics::typed::{
    Counter, Gauge, Histogram, Instrument, Labels, UpDownCounter, labelled,
};

/// Derives `new` and `METRICS` for a struct of typed instruments.
#[cfg(feature = "derive")]
pub use radiosonde_macros::InstrumentsOfRadiosonde as Instruments;
/// Derives [`trait@Label`] for an enum without fields.
#[cfg(feature = "derive")]
pub use radiosonde_macros::LabelOfRadiosonde as Label;
