//! Log events as lines on standard output.
//!
//! A *line* is one event, whatever it holds: characters that would end the line, move the cursor or change the direction
//! of the text are escaped in both formats. Lines carry the ids of the current span, so that a trace and its log find
//! each other. Writing never blocks who logs: lines go through a bounded queue to a thread of its own, and those that
//! do not fit are counted as lost.

mod access;
mod escape;
mod fields;
mod json;
mod layer;
mod line;
mod text;
mod writer;

pub(crate) use access::AccessLog;
pub(crate) use layer::LogLayer;
pub(crate) use writer::LineWriter;
