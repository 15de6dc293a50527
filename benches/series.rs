//! Registries that hold many series with the labels `method`, `route` and `status`.

use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_metrics::{Registry, RegistryOptions};

/// Makes a registry with so many histograms, and records these values into each.
pub(crate) fn ours(histograms: usize, options: RegistryOptions, values: &[f64]) -> Registry {
    let options = options.series_per_metric(100_000).series(200_000);
    let registry = Registry::with_options(options);
    for series in 0..histograms {
        let (method, route, status) = labels(series);
        let histogram = registry.histogram(&HTTP_REQUEST_DURATION, &[method, &route, status]);
        for value in values {
            histogram.record(*value);
        }
    }
    registry
}

/// Does the same with the stock exporter.
pub(crate) fn stock(histograms: usize) -> (PrometheusRecorder, PrometheusHandle) {
    let recorder = PrometheusBuilder::new()
        .set_buckets(HTTP_REQUEST_DURATION.bounds())
        .expect("bounds")
        .build_recorder();
    for series in 0..histograms {
        let key = key(HTTP_REQUEST_DURATION.name(), series);
        let histogram = recorder.register_histogram(&key, &METADATA);
        for value in VALUES {
            histogram.record(value);
        }
    }
    let handle = recorder.handle();
    (recorder, handle)
}

/// Returns the labels of a series.
pub(crate) fn labels(series: usize) -> (&'static str, String, &'static str) {
    let method = ["GET", "POST"][series % 2];
    let status = ["200", "201", "400", "404", "500"][series / 2 % 5];
    (
        method,
        format!("/api/resource{}/{{id}}", series / 10),
        status,
    )
}

pub(crate) fn key(name: &'static str, series: usize) -> Key {
    let (method, route, status) = labels(series);
    let labels = vec![
        Label::new("method", method),
        Label::new("route", route),
        Label::new("status", status),
    ];
    Key::from_parts(name, labels)
}

/// Few values, each in a bucket of its own but for two.
pub(crate) const VALUES: [f64; 8] = [0.0007, 0.003, 0.0123, 0.02, 0.3, 0.31, 1.75, 12.5];
pub(crate) static METADATA: Metadata<'static> = Metadata::new("benches", Level::INFO, None);
