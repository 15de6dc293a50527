//! What does a layer add to a request?
//!
//! The service has 20 routes with parameters; a request is made, answered, and its body read to the end. Whatever
//! `Router::layer` costs by itself is in the case of a layer that does nothing.

mod router;
mod through;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum_prometheus::{EndpointLabel, PrometheusMetricLayerBuilder};
use http::{Request, Uri};
use metrics::{Recorder, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use radiosonde_benches::{Case, Group, Mode};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_metrics::slo::Slos;
use radiosonde_metrics::{Registry, RegistryOptions};
use radiosonde_tower::{ObserveLayer, ObserveOptions};

use crate::router::{answer, cycle, routes, served, uri};
use crate::through::ThroughLayer;

fn main() {
    let mode = Mode::from_args();
    let parts = radiosonde::build("benches").expect("the environment configures nothing");
    let cycle = cycle();
    let one: Vec<Uri> = vec![uri(3, 42)];
    let by_exporter = stock();
    let by_macros = stock();
    for (title, uris, threads) in [
        ("Request, 20 routes in turn", &cycle, 1),
        ("Request, one route", &one, 1),
        ("Request, one route", &one, 2),
    ] {
        let group = group(title, uris, &parts, &by_exporter, &by_macros);
        group.threads(threads).run(&mode);
    }
}

fn group<'a>(
    title: &str,
    uris: &'a [Uri],
    parts: &radiosonde::Parts,
    by_exporter: &'a PrometheusRecorder,
    by_macros: &'a PrometheusRecorder,
) -> Group<'a> {
    let options = || ObserveOptions::new().route(radiosonde_axum::matched_path);
    let ours = ObserveLayer::new(&Registry::new(), options());
    let promising = promising();
    let slos = Slos::watch(&promising);
    let with_objectives = ObserveLayer::new(&promising, options());
    // Labels by the route that matched, as ours: the default for what matched none is the raw path.
    let (axum_prometheus, _) = PrometheusMetricLayerBuilder::new()
        .with_endpoint_label_type(EndpointLabel::MatchedPath)
        .with_metrics_from_fn(|| by_exporter.handle())
        .build_pair();
    let case = |name, app: Router| {
        let app = served(app);
        Case::new(name, move |turns| answer_all(&app, uris, turns))
    };
    Group::new(
        title,
        [
            case("bare", routes()),
            case(NOOP, routes().layer(ThroughLayer)),
            case("ours, metrics", routes().layer(ours)),
            case(
                "ours, metrics and ten objectives",
                routes().layer(with_objectives),
            )
            .between(move || slos.sample()),
            case(
                "ours, everything on, nothing exported",
                routes().layer(parts.sonde().layer()),
            ),
            recorded(
                "axum-prometheus",
                routes().layer(axum_prometheus),
                uris,
                by_exporter,
            ),
            recorded(
                "macros by hand",
                routes().layer(from_fn(by_hand)),
                uris,
                by_macros,
            ),
        ],
    )
    .over(NOOP)
}

/// A registry whose objectives are about all requests and about each route, with five bounds that the histogram lacked.
fn promising() -> Registry {
    let answered = (0..5).map(|n| Objective::availability(format!("answered-{n}"), 99.9));
    let quick = (0..5).map(|n| {
        let threshold = Duration::from_millis(300 + 50 * n);
        let objective = Objective::latency(format!("quick-{n}"), 95.0, threshold);
        objective.for_each((0..20).map(|route| format!("/api/resource{route}/{{id}}")))
    });
    let objectives = Objectives::new(answered.chain(quick)).expect("objectives that are right");
    Registry::with_options(RegistryOptions::new().objectives(objectives))
}

/// A case whose layer records by the macros of the `metrics` crate.
fn recorded<'a>(
    name: &'a str,
    app: Router,
    uris: &'a [Uri],
    recorder: &'a PrometheusRecorder,
) -> Case<'a> {
    let app = served(app);
    let macros_use: &(dyn Recorder + Sync) = recorder;
    Case::new(name, move |turns| {
        with_local_recorder(macros_use, || answer_all(&app, uris, turns));
    })
    .between(|| recorder.handle().run_upkeep())
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

/// Answers requests as one connection does: by a service of its own.
fn answer_all(app: &Router, uris: &[Uri], turns: u64) {
    let mut app = app.clone();
    let turns = usize::try_from(turns).expect("turns are few");
    for turn in 0..turns {
        answer(&mut app, &uris[turn % uris.len()]);
    }
}

fn stock() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(HTTP_REQUEST_DURATION.bounds())
        .expect("bounds")
        .build_recorder()
}

const NOOP: &str = "layer that does nothing";
