//! Settings of the traces.

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanLimits;

#[cfg(feature = "otlp")]
use super::SpanExport;
use super::value::Reader;
use super::{Config, Propagator, SamplingSettings, env};

/// Which spans there are, and where they go.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    pub(crate) resource: Resource,
    pub(crate) propagators: Vec<Propagator>,
    #[cfg_attr(
        not(feature = "otlp"),
        expect(dead_code, reason = "what is exported nowhere is not recorded")
    )]
    pub(crate) sampling: SamplingSettings,
    pub(crate) limits: SpanLimits,
    #[cfg(feature = "otlp")]
    pub(crate) export: Option<SpanExport>,
    /// Whether spans are written into the log.
    #[cfg(feature = "otlp")]
    pub(crate) printed: bool,
}

impl TraceSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>, resource: Resource) -> Self {
        Self {
            resource,
            propagators: Propagator::resolve(config, reader),
            sampling: SamplingSettings::resolve(config, reader),
            limits: limits(reader),
            #[cfg(feature = "otlp")]
            export: SpanExport::resolve(config, reader),
            #[cfg(feature = "otlp")]
            printed: super::otlp::prints_spans(reader),
        }
    }
}

/// Reads how much a span may hold. A queue of spans that hold more is bounded in bytes as well.
fn limits(reader: &mut Reader<'_>) -> SpanLimits {
    let mut limit = |names: &[&'static str]| reader.number(names, 128, 0..=1_000);
    SpanLimits {
        max_events_per_span: limit(&[env::OTEL_SPAN_EVENT_COUNT_LIMIT]),
        max_attributes_per_span: limit(&[
            env::OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT,
            env::OTEL_ATTRIBUTE_COUNT_LIMIT,
        ]),
        max_links_per_span: limit(&[env::OTEL_SPAN_LINK_COUNT_LIMIT]),
        max_attributes_per_event: limit(&[
            env::OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT,
            env::OTEL_ATTRIBUTE_COUNT_LIMIT,
        ]),
        max_attributes_per_link: limit(&[
            env::OTEL_LINK_ATTRIBUTE_COUNT_LIMIT,
            env::OTEL_ATTRIBUTE_COUNT_LIMIT,
        ]),
    }
}
