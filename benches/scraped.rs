//! What does a scrape do to the requests that are answered meanwhile?
//!
//! One thread answers requests, each timed, while another renders a registry of 10 000 lines over and over, far more often
//! than anybody scrapes. As that alone slows down a machine, another load stands beside it: one that formats as many lines
//! and touches no registry.

mod asked;
mod router;
mod series;

use std::fmt::Write as _;
use std::hint::black_box;

use axum::Router;
use axum_prometheus::{EndpointLabel, PrometheusMetricLayerBuilder};
use http::Uri;
use metrics::{Recorder, with_local_recorder};
use radiosonde_benches::{Mode, Situation, Situations, Stopwatch};
use radiosonde_metrics::RegistryOptions;
use radiosonde_tower::{ObserveLayer, ObserveOptions};

use crate::asked::{answer, cycle};
use crate::router::{routes, served};
use crate::series::{VALUES, labels};

fn main() {
    let mode = Mode::from_args();
    let uris = cycle();
    bare(&mode, &uris);
    ours(&mode, &uris);
    stock(&mode, &uris);
}

/// Without any layer: what the loads do by themselves.
fn bare(mode: &Mode, uris: &[Uri]) {
    let app = served(routes());
    let work = |turns: u64, watch: &mut Stopwatch| answer_all(&app, uris, turns, watch);
    let situations = [
        Situation::new(ALONE, work),
        Situation::new(FORMATTING, work).meanwhile(format_lines),
    ];
    Situations::new("Request, bare", situations).run(mode);
}

fn ours(mode: &Mode, uris: &[Uri]) {
    let registry = series::ours(HISTOGRAMS, RegistryOptions::new(), &VALUES);
    let options = ObserveOptions::new().route(radiosonde_axum::matched_path);
    let app = served(routes().layer(ObserveLayer::new(&registry, options)));
    let work = |turns: u64, watch: &mut Stopwatch| answer_all(&app, uris, turns, watch);
    let situations = [
        Situation::new(ALONE, work),
        Situation::new(FORMATTING, work).meanwhile(format_lines),
        Situation::new(SCRAPED, work).meanwhile(|| {
            black_box(registry.render());
        }),
    ];
    Situations::new("Request, ours, metrics", situations).run(mode);
}

fn stock(mode: &Mode, uris: &[Uri]) {
    let (recorder, handle) = series::stock(HISTOGRAMS);
    let (layer, _) = PrometheusMetricLayerBuilder::new()
        .with_endpoint_label_type(EndpointLabel::MatchedPath)
        .with_metrics_from_fn(|| handle.clone())
        .build_pair();
    let app = served(routes().layer(layer));
    let recorder: &dyn Recorder = &recorder;
    let work = |turns: u64, watch: &mut Stopwatch| {
        with_local_recorder(recorder, || answer_all(&app, uris, turns, watch));
    };
    let upkeep = || handle.run_upkeep();
    let situations = [
        Situation::new(ALONE, work).between(upkeep),
        Situation::new(FORMATTING, work)
            .meanwhile(format_lines)
            .between(upkeep),
        Situation::new(SCRAPED, work)
            .meanwhile(|| {
                black_box(handle.render());
            })
            .between(upkeep),
    ];
    Situations::new(
        "Request, axum-prometheus over the stock exporter",
        situations,
    )
    .run(mode);
}

fn answer_all(app: &Router, uris: &[Uri], turns: u64, watch: &mut Stopwatch) {
    let mut app = app.clone();
    let turns = usize::try_from(turns).expect("turns are few");
    for turn in 0..turns {
        watch.time(|| answer(&mut app, &uris[turn % uris.len()]));
    }
}

/// Writes as many bytes as a scrape has.
fn format_lines() {
    let mut text = String::with_capacity(1 << 20);
    for series in 0..HISTOGRAMS {
        let (method, route, status) = labels(series);
        for line in 0..17 {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "http_request_duration_seconds_bucket{{method=\"{method}\",route=\"{route}\",status=\"{status}\",le=\"{}\"}} {}",
                f64::from(line) * 0.25,
                series
            );
        }
    }
    black_box(text);
}

/// They make 10 000 lines.
const HISTOGRAMS: usize = 588;

const ALONE: &str = "nothing meanwhile";
const FORMATTING: &str = "another thread formats as many lines";
const SCRAPED: &str = "another thread scrapes";
