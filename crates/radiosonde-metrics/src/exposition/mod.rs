//! What a scraper reads.
//!
//! All formats list the same series under the same names. Where they differ in what they can say, the text format 0.0.4 is
//! what everybody reads, OpenMetrics adds units, exemplars and when a series began, and protobuf adds to these the buckets
//! of exponential histograms.

pub(crate) mod open_metrics;
pub(crate) mod protobuf;
mod sample;
pub(crate) mod text;
mod wire;

/// A format of exposition.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Exposition, Registry};
///
/// let text = Registry::new().render_as(Exposition::OpenMetrics);
/// assert!(text.ends_with(b"# EOF\n"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exposition {
    /// The Prometheus text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.
    ///
    /// A counter whose name does not end in `_total` keeps its name and has no type here, because OpenMetrics would
    /// spell it differently.
    OpenMetrics,
    /// The Prometheus protobuf format: messages of `io.prometheus.client.MetricFamily`, each with its length before it.
    Protobuf,
}

impl Exposition {
    /// Returns the media type, with its parameters.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; \
                 proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// Returns the media type, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::OpenMetrics => "application/openmetrics-text",
            Self::Protobuf => "application/vnd.google.protobuf",
        }
    }
}
