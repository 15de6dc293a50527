//! Log events as lines on standard output.
//!
//! A *line* is one event, whatever it holds: characters that would end the line, move the cursor or change the direction
//! of the text are escaped in both formats. Lines carry the ids of the current span, so that a trace and its log find
//! each other. Writing never blocks who logs: lines go through a bounded queue to a thread of its own, and those that
//! do not fit are counted as lost. A callsite that logs too much is suppressed, counted, and told.
//!
//! Events may go to a collector as well, as log records, behind the same filter.

mod access;
mod chores;
#[cfg(feature = "axum")]
mod endpoint;
mod escape;
#[cfg(feature = "otlp")]
mod export;
mod fields;
mod filter;
#[cfg(all(test, feature = "otlp"))]
mod hostile;
mod json;
mod layer;
mod limit;
mod line;
mod output;
mod start;
mod text;
mod writer;

pub(crate) use access::AccessLog;
#[cfg(feature = "axum")]
pub(crate) use endpoint::log_filter_methods;
#[cfg(feature = "otlp")]
pub(crate) use export::RecordLayer;
pub(crate) use filter::LogFilter;
pub use filter::{LogFilterError, LogFilterState};
pub(crate) use output::standard_output;
pub(crate) use start::{LogControl, Logs};
pub(crate) use writer::LineWriter;
