//! Histograms whose handle is held.

use std::hint::black_box;
use std::time::SystemTime;

use metrics::Recorder as _;
use metrics_exporter_prometheus::PrometheusRecorder;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::histogram::{self, NativeHistogramConfig};
use radiosonde_benches::{Case, Group};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_metrics::{Bounds, Histogram, Registry, RegistryOptions, SampledSpan};

use crate::trace_id::TraceId;
use crate::{METADATA, Typed, client_histogram, key, repeat, typed_labels};

pub(crate) fn histograms<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    let own = ours.histogram(&HTTP_REQUEST_DURATION, &["GET", "/orders/{id}", "200"]);
    let typed = Typed::new(ours).took;
    let facade = ours.register_histogram(&key("wait_seconds"), &METADATA);
    let exporter = stock.register_histogram(&key("wait_seconds"), &METADATA);
    let client = client_histogram();
    Group::new(
        "Histogram, handle held",
        [
            Case::new("ours", repeat(move |v| own.record(v))).without_allocations(),
            Case::new(
                "ours, typed instrument",
                repeat(move |v| typed.of(typed_labels()).record(v)),
            )
            .without_allocations(),
            Case::new(
                "ours, the facade's handle",
                repeat(move |v| facade.record(v)),
            )
            .without_allocations(),
            Case::new("stock exporter", repeat(move |v| exporter.record(v)))
                .between(|| stock.handle().run_upkeep()),
            Case::new("prometheus-client", repeat(move |v| client.observe(v))),
        ],
    )
}

/// The stock exporter has none without the tool `protoc` to build it.
pub(crate) fn exponential_histograms<'a>() -> Group<'a> {
    let own = made_with(RegistryOptions::new().bounds_by_prefix("", Bounds::exponential()));
    let bounded = made_with(RegistryOptions::new());
    // At most as many buckets as ours.
    let config = NativeHistogramConfig::default().max_buckets(160);
    let client = histogram::Histogram::new_native(config);
    Group::new(
        "Exponential histogram, handle held",
        [
            Case::new("ours", repeat(move |v| own.record(v))).without_allocations(),
            Case::new("ours, 14 bounds", repeat(move |v| bounded.record(v))).without_allocations(),
            Case::new("prometheus-client", repeat(move |v| client.observe(v))),
        ],
    )
}

/// What finds the span is not measured here: it answers at once.
pub(crate) fn exemplars<'a>() -> Group<'a> {
    let off = made_with(RegistryOptions::new());
    let outside = made_with(RegistryOptions::new().exemplars(|| black_box(None)));
    let inside = made_with(RegistryOptions::new().exemplars(|| black_box(Some(SPAN))));
    let given = outside.clone();
    let exponential = made_with(
        RegistryOptions::new()
            .bounds_by_prefix("", Bounds::exponential())
            .exemplars(|| black_box(Some(SPAN))),
    );
    let client = client_with_exemplars();
    let (without, timeless) = (client.clone(), client.clone());
    Group::new(
        "Histogram with exemplars, handle held",
        [
            Case::new("ours, exemplars off", repeat(move |v| off.record(v))).without_allocations(),
            Case::new("ours, no span", repeat(move |v| outside.record(v))).without_allocations(),
            Case::new("ours, sampled span", repeat(move |v| inside.record(v)))
                .without_allocations(),
            Case::new(
                "ours, sampled span given",
                repeat(move |v| given.record_in(v, black_box(Some(SPAN)))),
            )
            .without_allocations(),
            Case::new(
                "ours, sampled span, exponential",
                repeat(move |v| exponential.record(v)),
            )
            .without_allocations(),
            Case::new(
                "prometheus-client, no exemplar",
                repeat(move |v| without.observe(v, black_box(None), None)),
            ),
            Case::new(
                "prometheus-client, exemplar without time",
                repeat(move |v| timeless.observe(v, black_box(Some(TRACE)), None)),
            ),
            Case::new(
                "prometheus-client, exemplar",
                repeat(move |v| {
                    client.observe(v, black_box(Some(TRACE)), Some(SystemTime::now()));
                }),
            ),
        ],
    )
}

fn made_with(options: RegistryOptions) -> Histogram {
    let labels = ["GET", "/orders/{id}", "200"];
    Registry::with_options(options).histogram(&HTTP_REQUEST_DURATION, &labels)
}

fn client_with_exemplars() -> HistogramWithExemplars<[(&'static str, TraceId); 1]> {
    HistogramWithExemplars::new(HTTP_REQUEST_DURATION.bounds().iter().copied())
}

const SPAN: SampledSpan = SampledSpan::new([0xab; 16], [0xcd; 8]);
const TRACE: [(&str, TraceId); 1] = [("trace_id", TraceId([0xab; 16]))];
