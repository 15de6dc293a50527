//! Typed instruments: metrics of the service's own, declared once, with labels that are enums.
//!
//! A *label* is an enum without fields ([`Label`]): its variants are all the values there are. *Labels* ([`Labels`]) are
//! none, one, or a tuple of up to four, so the number of series is known while it is compiled: more than 2000 do not
//! compile. An instrument makes all its series when it is made, at 0, and finds one by its place in an array: no hash, no
//! lock, no allocation.
//!
//! A struct of instruments derives `Instruments` (feature `derive`): the name of a metric comes from the prefix, the field
//! and the unit, its help text from the doc comment, and all of it joins [`Registry::catalogue`](crate::Registry::catalogue).
//!
#![cfg_attr(feature = "derive", doc = include_str!("derive.md"))]

mod instrument;
mod label;
mod series;

pub use instrument::{Counter, Gauge, Histogram, Instrument, UpDownCounter};
pub use label::{Label, Labels, labelled};
#[cfg(feature = "derive")]
pub use radiosonde_macros::{Instruments, Label};

/// What the code of the derives refers to.
#[doc(hidden)]
pub mod __private {
    pub use radiosonde_catalog::{HTTP_REQUEST_DURATION, Metric, Unit};

    pub use crate::Registry;
    // Without the derive of the same name.
    pub use crate::typed::label::Label;
}
