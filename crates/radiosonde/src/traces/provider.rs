//! The tracer, and what is made with it.

use http::HeaderName;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, TracerProviderBuilder};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::client_span::ClientSpans;
#[cfg(feature = "otlp")]
use super::export;
use super::filter::OfTheHost;
use super::sampling::{Decisions, Ids};
use super::server_span::ServerSpans;
use crate::config::TraceSettings;

/// The traces of a service.
#[derive(Debug, Clone)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    sampler: Sampler,
    exported: bool,
}

impl Traces {
    /// Starts the traces, without a way out of the process.
    pub(crate) fn new(settings: &TraceSettings) -> Self {
        Self::build(settings, SdkTracerProvider::builder(), false)
    }

    /// Starts the traces, exported to the collector.
    #[cfg(feature = "otlp")]
    pub(crate) fn exported(settings: &TraceSettings, processor: export::SpanQueue) -> Self {
        Self::build(
            settings,
            SdkTracerProvider::builder().with_span_processor(processor),
            true,
        )
    }

    fn build(settings: &TraceSettings, builder: TracerProviderBuilder, exported: bool) -> Self {
        let provider = builder
            .with_resource(settings.resource.clone())
            .with_sampler(Decisions(settings.sampler.clone()))
            .with_id_generator(Ids::default())
            .build();
        let scope = InstrumentationScope::builder("radiosonde")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let tracer = provider.tracer_with_scope(scope);
        Self {
            provider,
            tracer,
            sampler: settings.sampler.clone(),
            exported,
        }
    }

    /// Returns the layer that turns the host's `tracing` spans into spans of the trace.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(OfTheHost)
    }

    /// Returns the observer that gives each request its span, and each response the id of its trace, if it is to have it.
    pub(crate) fn observer(&self, header: Option<HeaderName>) -> ServerSpans {
        let sampler = self.exported.then(|| self.sampler.clone());
        ServerSpans::new(self.tracer.clone(), sampler, header)
    }

    /// Returns the observer that gives each request that goes out its span.
    pub(crate) fn client_observer(&self) -> ClientSpans {
        ClientSpans::new(self.tracer.clone(), self.exported)
    }

    /// Returns the provider, to be made the global one.
    pub(crate) fn provider(&self) -> SdkTracerProvider {
        self.provider.clone()
    }
}
