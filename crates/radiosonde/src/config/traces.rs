//! Settings of the traces.

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::Sampler;

#[cfg(feature = "otlp")]
use super::SpanExport;
use super::value::Reader;
use super::{Config, env};

/// Which spans there are, and where they go.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    pub(crate) resource: Resource,
    pub(crate) sampler: Sampler,
    #[cfg(feature = "otlp")]
    pub(crate) export: Option<SpanExport>,
}

impl TraceSettings {
    #[cfg_attr(
        not(feature = "otlp"),
        expect(unused_variables, reason = "without `otlp` no code sets an endpoint")
    )]
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>, resource: Resource) -> Self {
        let sampler = sampler(reader);
        #[cfg(feature = "otlp")]
        let export = SpanExport::resolve(config, reader);
        #[cfg(feature = "otlp")]
        let exported = export.is_some();
        #[cfg(not(feature = "otlp"))]
        let exported = false;
        Self {
            resource,
            // What is exported nowhere is not recorded. It has ids nevertheless, for logs and error reports.
            sampler: if exported {
                sampler
            } else {
                Sampler::AlwaysOff
            },
            #[cfg(feature = "otlp")]
            export,
        }
    }
}

fn sampler(reader: &mut Reader<'_>) -> Sampler {
    let ratio = reader.number(&[env::OTEL_TRACES_SAMPLER_ARG], 1.0, 0.0..=1.0);
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    let Some(text) = reader.text(env::OTEL_TRACES_SAMPLER) else {
        return parent_based(Sampler::AlwaysOn);
    };
    match text.to_ascii_lowercase().as_str() {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(ratio),
        "parentbased_always_on" => parent_based(Sampler::AlwaysOn),
        "parentbased_always_off" => parent_based(Sampler::AlwaysOff),
        "parentbased_traceidratio" => parent_based(Sampler::TraceIdRatioBased(ratio)),
        _ => {
            reader.warn(format!(
                "{} is `{text}`; using parentbased_always_on",
                env::OTEL_TRACES_SAMPLER
            ));
            parent_based(Sampler::AlwaysOn)
        }
    }
}
