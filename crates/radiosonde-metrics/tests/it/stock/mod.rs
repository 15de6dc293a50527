//! Our text beside that of `metrics-exporter-prometheus`, the recorder that is usual behind the facade.
//!
//! `same` shows that both say the same of any recordings that the stock exporter does not spoil; `quirks` shows each way in
//! which it does, beside what we do instead.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod quirks;
mod same;

use metrics_exporter_prometheus::PrometheusBuilder;
use radiosonde_metrics::{Bounds, Registry, RegistryOptions};
use radiosonde_testkit::recordings::Recording;

/// Plays recordings to our registry, with these bounds for all histograms, and returns its text.
fn ours(recordings: &[Recording], bounds: &[f64]) -> String {
    let bounds = Bounds::new(bounds).unwrap();
    let registry = Registry::with_options(RegistryOptions::new().default_bounds(bounds));
    for recording in recordings {
        recording.play(&registry);
    }
    registry.render()
}

/// Does the same with the stock exporter.
fn theirs(recordings: &[Recording], bounds: &[f64]) -> String {
    let builder = PrometheusBuilder::new().set_buckets(bounds).unwrap();
    let recorder = builder.build_recorder();
    for recording in recordings {
        recording.play(&recorder);
    }
    recorder.handle().render()
}
