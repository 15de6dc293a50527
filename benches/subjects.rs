//! What is compared: the same service bare, with our layer, and with the layers of others, each with what it records into.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum_prometheus::{EndpointLabel, PrometheusMetricLayer, PrometheusMetricLayerBuilder};
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use http::Request;
use metrics::with_local_recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use radiosonde::{Config, Service, Sonde};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_metrics::slo::Slos;
use radiosonde_metrics::{Registry, RegistryOptions};
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use sentry_core::{
    Client, ClientOptions, Envelope, Hub, Scope, Transport, TransportFactory, TransportOptions,
};
use sentry_tower::{NewSentryLayer, SentryHttpLayer};
use tower_http::trace::TraceLayer;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::floor::{Carry, Count, FloorLayer};
use crate::router::{ROUTES, routes, served};
use crate::through::ThroughLayer;

/// A service, and what its layers expect around them.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) app: Router,
    recorder: Option<PrometheusRecorder>,
    dispatch: Option<Dispatch>,
    hub: Option<Arc<Hub>>,
    slos: Option<Slos>,
    // Ends its telemetry when the last one is dropped.
    _sonde: Option<Sonde>,
}

impl Subject {
    pub(crate) fn new(name: &'static str, app: Router) -> Self {
        Self {
            name,
            app: served(app),
            recorder: None,
            dispatch: None,
            hub: None,
            slos: None,
            _sonde: None,
        }
    }

    /// Makes one with all of ours.
    pub(crate) fn with(name: &'static str, config: Config) -> Self {
        let parts = radiosonde::build(config).expect("the environment is well-formed");
        let sonde = parts.sonde().clone();
        Self::new(name, routes().layer(sonde.layer())).watched_by(sonde)
    }

    pub(crate) fn watched_by(self, sonde: Sonde) -> Self {
        Self {
            _sonde: Some(sonde),
            ..self
        }
    }

    fn recording_into(mut self, recorder: PrometheusRecorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    pub(crate) fn traced_by(mut self, dispatch: Dispatch) -> Self {
        self.dispatch = Some(dispatch);
        self
    }

    pub(crate) fn reporting_to(mut self, hub: Arc<Hub>) -> Self {
        self.hub = Some(hub);
        self
    }

    /// Runs work on this thread with the recorder, the subscriber and the hub that it expects.
    pub(crate) fn within(&self, work: impl FnOnce()) {
        let reporting = || match &self.hub {
            Some(hub) => Hub::run(hub.clone(), work),
            None => work(),
        };
        let traced = || match &self.dispatch {
            Some(dispatch) => tracing::dispatcher::with_default(dispatch, reporting),
            None => reporting(),
        };
        match &self.recorder {
            Some(recorder) => with_local_recorder(recorder, traced),
            None => traced(),
        }
    }

    /// Does what has to be done from time to time.
    pub(crate) fn upkeep(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.handle().run_upkeep();
        }
        if let Some(slos) = &self.slos {
            slos.sample();
        }
    }
}

/// Makes one of each.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = vec![
        Subject::new(BARE, routes()),
        Subject::new(NOOP, routes().layer(ThroughLayer)),
        Subject::new(
            "layer that carries what ours does to the end",
            routes().layer(FloorLayer::<Carry>::new()),
        ),
        Subject::new(
            "the least that counts and times",
            routes().layer(FloorLayer::<Count>::new()),
        ),
    ];
    subjects.extend(ours());
    subjects.extend(of_metrics());
    subjects.extend(of_traces());
    subjects.extend([of_errors(), of_all()]);
    subjects
}

pub(crate) const BARE: &str = "bare";
pub(crate) const NOOP: &str = "layer that does nothing";

fn ours() -> [Subject; 5] {
    let options = || ObserveOptions::new().route(radiosonde_axum::matched_path);
    let metrics = ObserveLayer::new(&Registry::new(), options());
    let promising = promising();
    let with_objectives = ObserveLayer::new(&promising, options());
    let with = Subject::with;
    let exporting = reporting().otlp_endpoint(NOWHERE);
    [
        Subject::new("ours, metrics", routes().layer(metrics)),
        Subject {
            slos: Some(Slos::watch(&promising)),
            ..Subject::new(
                "ours, metrics and ten objectives",
                routes().layer(with_objectives),
            )
        },
        with(
            "ours, everything on, nothing exported",
            Config::new("benches"),
        ),
        with("ours, everything on, failures reported", reporting()),
        with("ours, everything on and exported, 1 % traced", exporting),
    ]
}

/// Reports failures, and counts sessions, which are those of a version; neither where that is not built in.
pub(crate) fn reporting() -> Config {
    let config = Config::new(Service::new("benches").version("1.0.0"));
    #[cfg(feature = "sentry")]
    let config = config.sentry_dsn(NOBODY);
    config
}

/// A registry whose objectives are about all requests and about each route, with five bounds that the histogram lacked.
fn promising() -> Registry {
    let answered = (0..5).map(|n| Objective::availability(format!("answered-{n}"), 99.9));
    let quick = (0..5).map(|n| {
        let threshold = Duration::from_millis(300 + 50 * n);
        let objective = Objective::latency(format!("quick-{n}"), 95.0, threshold);
        objective.for_each((0..ROUTES).map(|route| format!("/api/resource{route}/{{id}}")))
    });
    let objectives = Objectives::new(answered.chain(quick)).expect("objectives that are right");
    Registry::with_options(RegistryOptions::new().objectives(objectives))
}

fn of_metrics() -> [Subject; 3] {
    let (by_prometheus, by_macros) = (stock(), stock());
    let otel = {
        // It takes its meter from the global provider.
        opentelemetry::global::set_meter_provider(collecting_for_nobody());
        opentelemetry_instrumentation_tower::http::server::Layer::new()
    };
    [
        Subject::new(
            "axum-prometheus",
            routes().layer(axum_prometheus(&by_prometheus)),
        )
        .recording_into(by_prometheus),
        Subject::new("macros by hand", routes().layer(from_fn(by_hand))).recording_into(by_macros),
        Subject::new(
            "opentelemetry-instrumentation-tower, metrics",
            routes().layer(otel),
        ),
    ]
}

fn of_traces() -> [Subject; 4] {
    let to_sink = || {
        let format = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::DEBUG)
            .with(format);
        Dispatch::new(subscriber)
    };
    let traced = || routes().layer(OtelAxumLayer::default());
    [
        Subject::new(
            "tower-http trace, nobody listens",
            routes().layer(TraceLayer::new_for_http()),
        ),
        Subject::new(
            "tower-http trace, written nowhere",
            routes().layer(TraceLayer::new_for_http()),
        )
        .traced_by(to_sink()),
        Subject::new("axum-tracing-opentelemetry, 0 % traced", traced()).traced_by(tracing(0.0)),
        Subject::new("axum-tracing-opentelemetry, 1 % traced", traced()).traced_by(tracing(0.01)),
    ]
}

fn of_errors() -> Subject {
    let app = routes()
        .layer(SentryHttpLayer::new())
        .layer(NewSentryLayer::new_from_top());
    Subject::new("sentry-tower", app).reporting_to(sending_nothing())
}

/// What a service has that takes the usual crate for each signal.
fn of_all() -> Subject {
    let recorder = stock();
    let app = routes()
        .layer(axum_prometheus(&recorder))
        .layer(OtelAxumLayer::default())
        .layer(SentryHttpLayer::new())
        .layer(NewSentryLayer::new_from_top());
    Subject::new(
        "axum-prometheus, axum-tracing-opentelemetry 1 %, sentry-tower",
        app,
    )
    .recording_into(recorder)
    .traced_by(tracing(0.01))
    .reporting_to(sending_nothing())
}

fn stock() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(HTTP_REQUEST_DURATION.bounds())
        .expect("bounds")
        .build_recorder()
}

fn axum_prometheus(recorder: &PrometheusRecorder) -> PrometheusMetricLayer<'static> {
    // Labels by the route that matched, as ours: the default for what matched none is the raw path.
    let (layer, _) = PrometheusMetricLayerBuilder::new()
        .with_endpoint_label_type(EndpointLabel::MatchedPath)
        .with_metrics_from_fn(|| recorder.handle())
        .build_pair();
    layer
}

/// As axum's example for the `metrics` crate does it: three owned labels, a counter and a histogram.
async fn by_hand(request: Request<Body>, next: Next) -> Response {
    let arrived = Instant::now();
    let path = match request.extensions().get::<MatchedPath>() {
        Some(route) => route.as_str().to_owned(),
        None => request.uri().path().to_owned(),
    };
    let method = request.method().clone();
    let response = next.run(request).await;
    let labels = [
        ("method", method.to_string()),
        ("path", path),
        ("status", response.status().as_u16().to_string()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_requests_duration_seconds", &labels)
        .record(arrived.elapsed().as_secs_f64());
    response
}

/// A subscriber that hands spans to OpenTelemetry.
pub(crate) fn tracing(share: f64) -> Dispatch {
    let layer = tracing_opentelemetry::layer().with_tracer(provider(share).tracer("benches"));
    Dispatch::new(
        tracing_subscriber::registry()
            .with(LevelFilter::TRACE)
            .with(layer),
    )
}

/// Samples this share of traces, and drops what it has sampled.
pub(crate) fn provider(share: f64) -> SdkTracerProvider {
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
    SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_batch_exporter(Nobody)
        .build()
}

fn collecting_for_nobody() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(Nobody)
        .with_interval(Duration::from_hours(1))
        .build();
    SdkMeterProvider::builder().with_reader(reader).build()
}

pub(crate) fn sending_nothing() -> Arc<Hub> {
    let client = Client::from_config(ClientOptions::new().dsn(NOBODY).transport(Nobody));
    Arc::new(Hub::new(Some(Arc::new(client)), Arc::new(Scope::default())))
}

/// Takes whatever is exported.
#[derive(Debug, Clone, Copy)]
struct Nobody;

impl SpanExporter for Nobody {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

impl PushMetricExporter for Nobody {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

impl Transport for Nobody {
    fn send_envelope(&self, _: Envelope) {}
}

impl TransportFactory for Nobody {
    fn create_transport_with_options(&self, _: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(Self)
    }
}

/// Traces one request in a hundred, where that is read from the environment, as by ours.
pub(crate) const SAMPLING: [(&str, &str); 2] = [
    ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
];

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";
const NOBODY: &str = "http://key@127.0.0.1:9/1";
