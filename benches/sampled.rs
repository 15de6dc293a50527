//! The service with the layers that trace: of all requests, or of none.
//!
//! A busy service has nearly nothing but the latter. What is recorded goes to nobody: of the peers to an exporter that takes
//! everything, of ours to an address where nobody listens, from which it comes back as failed.

use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use opentelemetry_instrumentation_tower::http::server::{Layer, LayerBuilder};
use radiosonde::Config;
use radiosonde::trace::SamplingOptions;

use crate::router::routes;
use crate::subjects::{BARE, NOOP, NOWHERE, Subject, provider, tracing};
use crate::through::ThroughLayer;

/// Makes those that trace all requests or none, beside the two that do nothing.
pub(crate) fn traced_subjects() -> Vec<Subject> {
    let ours = [
        sampled_by("ours, not sampled", 0.0, Config::new("benches")),
        sampled_by("ours, sampled", 1.0, Config::new("benches")),
    ];
    let peers = [
        (
            0.0,
            "axum-tracing-opentelemetry, not sampled",
            "opentelemetry-instrumentation-tower, not sampled",
        ),
        (
            1.0,
            "axum-tracing-opentelemetry, sampled",
            "opentelemetry-instrumentation-tower, sampled",
        ),
    ];
    let peers = peers.map(|(share, bridged, contributed)| {
        let by_bridge = routes().layer(OtelAxumLayer::default());
        [
            Subject::new(bridged, by_bridge).traced_by(tracing(share)),
            Subject::new(contributed, routes().layer(contributed_layer(share))),
        ]
    });
    let nothing = [
        Subject::new(BARE, routes()),
        Subject::new(NOOP, routes().layer(ThroughLayer)),
    ];
    let all = nothing.into_iter().chain(ours);
    all.chain(peers.into_iter().flatten()).collect()
}

/// Makes a service with everything on, of whose traces this share is sampled and sent to where nobody listens.
pub(crate) fn sampled_by(name: &'static str, share: f64, config: Config) -> Subject {
    let config = config
        .otlp_endpoint(NOWHERE)
        .sampling(SamplingOptions::new().ratio(share));
    Subject::with(name, config)
}

/// The layer of the contributions to OpenTelemetry, which takes its tracer from the global provider of this moment.
fn contributed_layer(share: f64) -> Layer {
    opentelemetry::global::set_tracer_provider(provider(share));
    LayerBuilder::builder()
        .with_metrics(false)
        .build()
        .expect("a layer")
}
