//! The texts that a scraper reads.
//!
//! Both formats list the same series under the same names. Where they differ in what they can say, the text format 0.0.4 is
//! what everybody reads, and OpenMetrics adds units and when a series began.

mod open_metrics;
mod sample;
mod text;

use crate::family::Families;

/// A format of exposition.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Exposition, Registry};
///
/// let text = Registry::new().render_as(Exposition::OpenMetrics);
/// assert!(text.ends_with("# EOF\n"));
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
}

impl Exposition {
    /// Returns the media type, with its parameters.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Returns the media type, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::OpenMetrics => "application/openmetrics-text",
        }
    }

    /// Appends all families to `text`.
    pub(crate) fn render(self, families: &Families, text: &mut String) {
        match self {
            Self::Text => text::render(families, text),
            Self::OpenMetrics => open_metrics::render(families, text),
        }
    }
}
