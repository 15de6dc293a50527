//! A strict parser of the exposition formats, of our own: fast enough to read thousands of texts in a test.
//!
//! It takes what the formats allow and what an exporter has a reason to write, and nothing else: no timestamps, no samples
//! without a type, no empty families. Beyond the grammar it holds a text to what a scraper relies on: a family stands in
//! one piece, no series stands twice, the buckets of a histogram are cumulative, and its count is its last bucket.
//!
//! # Examples
//!
//! ```
//! use radiosonde_testkit::strict::{Format, parse};
//!
//! let families = parse(Format::Text, "# TYPE depth gauge\ndepth{queue=\"in\"} 3\n").unwrap();
//! assert_eq!(families[0].samples[0].labels["queue"], "in");
//! assert!(parse(Format::Text, "depth{queue=\"in\"} 3\n").is_err());
//! ```

mod family;
mod line;
pub mod messages;
mod parse;
mod protobuf;

pub use family::{Exemplar, Family, Labels, Sample, samples};
pub use parse::{Format, parse};
pub use protobuf::parse_protobuf;
