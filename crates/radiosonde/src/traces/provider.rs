//! The tracer, and what is made with it.

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, TracerProviderBuilder};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::client_span::ClientSpans;
#[cfg(feature = "otlp")]
use super::exits::Exits;
use super::filter::OfTheHost;
#[cfg(feature = "otlp")]
use super::keep::Keeper;
use super::propagation::Propagation;
#[cfg(feature = "otlp")]
use super::sampling::RootOf;
use super::sampling::{Decisions, Ids, Sampling};
use super::server_span::ServerSpans;
use crate::config::{SpanOptions, TraceSettings};
#[cfg(feature = "otlp")]
use crate::io::Io;

/// The traces of a service.
#[derive(Debug, Clone)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagation: Propagation,
    /// What decides where spans go somewhere. What is exported nowhere is not recorded; it has ids nevertheless, for logs
    /// and error reports.
    sampling: Option<Sampling>,
}

impl Traces {
    /// Starts the traces, without a way out of the process.
    pub(crate) fn new(settings: &TraceSettings) -> Self {
        Self::build(settings, SdkTracerProvider::builder(), None)
    }

    /// Starts the traces of a service, whose spans go somewhere.
    #[cfg(feature = "otlp")]
    pub(crate) fn exported(
        settings: &TraceSettings,
        service: &str,
        io: &mut Io,
        exits: Exits,
    ) -> Self {
        let root = RootOf::watched(&settings.sampling.root, service, io);
        let sampling = Sampling::new(&settings.sampling, root);
        let keep = settings.sampling.keep;
        let builder = SdkTracerProvider::builder();
        let builder = if keep.is_on() {
            builder.with_span_processor(Keeper::new(exits, keep))
        } else {
            builder.with_span_processor(exits)
        };
        Self::build(settings, builder, Some(sampling))
    }

    fn build(
        settings: &TraceSettings,
        builder: TracerProviderBuilder,
        sampling: Option<Sampling>,
    ) -> Self {
        let decisions = Decisions(sampling.clone().unwrap_or_else(Sampling::never));
        let provider = builder
            .with_resource(settings.resource.clone())
            .with_span_limits(settings.limits)
            .with_sampler(decisions)
            .with_id_generator(Ids::default())
            .build();
        let scope = InstrumentationScope::builder("radiosonde")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let tracer = provider.tracer_with_scope(scope);
        Self {
            provider,
            tracer,
            propagation: Propagation::new(settings.propagators.clone()),
            sampling,
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
    pub(crate) fn observer(&self, options: SpanOptions) -> ServerSpans {
        let (tracer, propagation) = (self.tracer.clone(), self.propagation.clone());
        ServerSpans::new(tracer, propagation, self.sampling.clone(), options)
    }

    /// Returns the observer that gives each request that goes out its span.
    pub(crate) fn client_observer(&self) -> ClientSpans {
        let (tracer, propagation) = (self.tracer.clone(), self.propagation.clone());
        ClientSpans::new(tracer, propagation, self.sampling.is_some())
    }

    /// Returns what reads and writes the headers of a trace.
    pub(crate) fn propagation(&self) -> Propagation {
        self.propagation.clone()
    }

    /// Returns the provider, to be made the global one.
    pub(crate) fn provider(&self) -> SdkTracerProvider {
        self.provider.clone()
    }
}
