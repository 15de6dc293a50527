//! Settings of the export to a collector.

mod exports;
mod signal;
mod target;
mod tls;

pub(crate) use exports::{AttributeLimits, Batches, LogExport, MetricExport, SpanExport};
pub(super) use exports::{prints_metrics, prints_spans};
pub(crate) use target::{OtlpProtocol, OtlpTarget};
