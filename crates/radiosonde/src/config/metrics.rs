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
    /// How often they are written into the log, if they are.
    #[cfg(feature = "otlp")]
    pub(crate) printed: Option<std::time::Duration>,
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
            #[cfg(feature = "otlp")]
            registry: with_buckets(config, reader),
            #[cfg(not(feature = "otlp"))]
            registry: config.metrics.clone(),
            #[cfg(feature = "otlp")]
            exemplars: {
                use super::env::OTEL_METRICS_EXEMPLAR_FILTER;
                reader.word(
                    &[OTEL_METRICS_EXEMPLAR_FILTER],
                    &["trace_based", "always_off"],
                ) == "trace_based"
            },
            #[cfg(feature = "otlp")]
            export: MetricExport::resolve(config, reader),
            #[cfg(feature = "otlp")]
            printed: super::otlp::prints_metrics(reader),
        }
    }
}

/// Gives histograms the buckets that the environment asks for, where code gives none.
#[cfg(feature = "otlp")]
fn with_buckets(config: &Config, reader: &mut Reader<'_>) -> RegistryOptions {
    use super::env::OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION as NAME;
    const EXPLICIT: &str = "explicit_bucket_histogram";
    const EXPONENTIAL: &str = "base2_exponential_bucket_histogram";

    let options = config.metrics.clone();
    if reader.word(&[NAME], &[EXPLICIT, EXPONENTIAL]) == EXPLICIT {
        return options;
    }
    #[cfg(feature = "slo")]
    if !config.objectives.is_empty() {
        // The service would not start for a variable of its fleet.
        reader.warn(format!(
            "{NAME} has no effect: objectives count what is below a bound"
        ));
        return options;
    }
    options.bounds_by_prefix("", radiosonde_metrics::Bounds::exponential())
}
