//! Settings of the metrics.

use radiosonde_metrics::RegistryOptions;

use super::Config;
#[cfg(feature = "otlp")]
use super::MetricExport;
use super::value::Reader;

/// What the registry is made with, and where metrics go.
#[derive(Debug)]
pub(crate) struct MetricSettings {
    pub(crate) registry: RegistryOptions,
    /// Whether histograms keep exemplars, where spans are exported.
    #[cfg(feature = "otlp")]
    pub(crate) exemplars: bool,
    #[cfg(feature = "otlp")]
    pub(crate) export: Option<MetricExport>,
}

impl MetricSettings {
    #[cfg_attr(
        not(feature = "otlp"),
        expect(
            unused_variables,
            reason = "without `otlp` there are no variables for metrics"
        )
    )]
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        Self {
            registry: config.metrics.clone(),
            #[cfg(feature = "otlp")]
            exemplars: {
                use super::env::OTEL_METRICS_EXEMPLAR_FILTER;
                reader.word(OTEL_METRICS_EXEMPLAR_FILTER, &["trace_based", "always_off"])
                    == "trace_based"
            },
            #[cfg(feature = "otlp")]
            export: MetricExport::resolve(config, reader),
        }
    }
}
