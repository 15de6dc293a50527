//! How the items of each signal are exported.

use std::time::Duration;

use super::signal::{LOGS, METRICS, TRACES};
use super::target::OtlpTarget;
use crate::config::value::Reader;
use crate::config::{Config, env};

/// How items of a signal are batched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batches {
    /// How many may wait.
    pub(crate) queue: usize,
    /// How many are sent at once, at most.
    pub(crate) batch: usize,
    /// How long one waits for others.
    pub(crate) delay: Duration,
}

impl Batches {
    /// Reads the four variables of a batch processor; its timeout also bounds that of the export.
    fn resolve(
        reader: &mut Reader<'_>,
        target: &mut OtlpTarget,
        [delay, timeout, queue, batch]: [&'static str; 4],
        default_delay: u64,
    ) -> Self {
        let delay = reader.milliseconds(&[delay], default_delay, 100..=60_000);
        let timeout = reader.milliseconds(&[timeout], 30_000, 1..=60_000);
        target.timeout = target.timeout.min(timeout);
        let queue = reader.number(&[queue], 2_048, 1..=65_536);
        let batch = reader.number(&[batch], queue.min(512), 1..=queue);
        Self {
            queue,
            batch,
            delay,
        }
    }
}

/// The export of spans.
#[derive(Debug, Clone)]
pub(crate) struct SpanExport {
    pub(crate) target: OtlpTarget,
    pub(crate) batches: Batches,
    /// How long a value of an attribute may be, in bytes.
    pub(crate) value_length: usize,
}

impl SpanExport {
    /// Returns `None` when no span is exported.
    pub(in crate::config) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let mut target = OtlpTarget::resolve(config, reader, &TRACES)?;
        let variables = [
            env::OTEL_BSP_SCHEDULE_DELAY,
            env::OTEL_BSP_EXPORT_TIMEOUT,
            env::OTEL_BSP_MAX_QUEUE_SIZE,
            env::OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
        ];
        let batches = Batches::resolve(reader, &mut target, variables, 5_000);
        let value_length = [
            env::OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            env::OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT,
        ];
        Some(Self {
            target,
            batches,
            value_length: reader.number(&value_length, 1_024, 0..=65_536),
        })
    }
}

/// The export of log records.
#[derive(Debug, Clone)]
pub(crate) struct LogExport {
    pub(crate) target: OtlpTarget,
    pub(crate) batches: Batches,
    pub(crate) limits: AttributeLimits,
}

/// How much attributes may say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttributeLimits {
    pub(crate) count: usize,
    /// In bytes.
    pub(crate) value_length: usize,
}

impl LogExport {
    /// Returns `None` when no log record is exported.
    pub(in crate::config) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let mut target = OtlpTarget::resolve(config, reader, &LOGS)?;
        let variables = [
            env::OTEL_BLRP_SCHEDULE_DELAY,
            env::OTEL_BLRP_EXPORT_TIMEOUT,
            env::OTEL_BLRP_MAX_QUEUE_SIZE,
            env::OTEL_BLRP_MAX_EXPORT_BATCH_SIZE,
        ];
        let batches = Batches::resolve(reader, &mut target, variables, 1_000);
        let count = [
            env::OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT,
            env::OTEL_ATTRIBUTE_COUNT_LIMIT,
        ];
        let value_length = [
            env::OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            env::OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT,
        ];
        let limits = AttributeLimits {
            count: reader.number(&count, 128, 0..=1_000),
            value_length: reader.number(&value_length, 1_024, 0..=65_536),
        };
        Some(Self {
            target,
            batches,
            limits,
        })
    }
}

/// The export of metrics.
#[derive(Debug, Clone)]
pub(crate) struct MetricExport {
    pub(crate) target: OtlpTarget,
    pub(crate) interval: Duration,
    /// Whether what came since is sent, and not totals.
    pub(crate) delta: bool,
}

impl MetricExport {
    /// Returns `None` when no metric is exported.
    pub(in crate::config) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Option<Self> {
        let mut target = OtlpTarget::resolve(config, reader, &METRICS)?;
        let interval = metric_interval(reader);
        let timeout = [env::OTEL_METRIC_EXPORT_TIMEOUT];
        let timeout = reader.milliseconds(&timeout, 30_000, 1..=60_000);
        target.timeout = target.timeout.min(timeout);
        let temporality = reader.word(
            &[env::OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE],
            &["cumulative", "delta", "lowmemory"],
        );
        Some(Self {
            target,
            interval,
            delta: temporality != "cumulative",
        })
    }
}

/// Tells whether spans are written into the log.
pub(in crate::config) fn prints_spans(reader: &mut Reader<'_>) -> bool {
    TRACES.is_printed(reader)
}

/// Tells how often metrics are written into the log, if they are.
pub(in crate::config) fn prints_metrics(reader: &mut Reader<'_>) -> Option<Duration> {
    let printed = METRICS.is_printed(reader);
    printed.then(|| metric_interval(reader))
}

/// Reads how often metrics are sent, or written into the log.
fn metric_interval(reader: &mut Reader<'_>) -> Duration {
    reader.milliseconds(
        &[env::OTEL_METRIC_EXPORT_INTERVAL],
        60_000,
        100..=86_400_000,
    )
}
