//! What tests record: made of bytes or by hand, and played to any recorder of the `metrics` facade.
//!
//! # Examples
//!
//! ```
//! use radiosonde_testkit::recordings::{Change, Recording, from_bytes};
//!
//! let recording = Recording::new("orders_total", [("currency", "EUR")], Change::Increment(2));
//! recording.play(&metrics::NoopRecorder);
//!
//! // Any bytes are recordings.
//! assert!(!from_bytes(b"Sonde").is_empty());
//! ```

mod bytes;
mod recording;

pub use bytes::{ENDS, FRAGMENTS, NUMBERS, STEMS, from_bytes};
pub use recording::{Change, Kind, Recording};
