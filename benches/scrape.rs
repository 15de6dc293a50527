//! What does a scrape cost, and what do the series hold?

use std::hint::black_box;

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use radiosonde_benches::{Case, Group, Mode, counted, table};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_metrics::{Registry, RegistryOptions};

fn main() {
    let mode = Mode::from_args();
    let sizes: &[usize] = if mode == Mode::Quick {
        &[59]
    } else {
        &[59, 588, 5_882]
    };
    for histograms in sizes {
        scrapes(&mode, *histograms);
    }
    if cfg!(feature = "allocations") {
        held(&mode, if mode == Mode::Quick { 59 } else { 5_882 });
        growth(
            &mode,
            if mode == Mode::Quick {
                1_000
            } else {
                10_000_000
            },
        );
    }
}

fn scrapes(mode: &Mode, histograms: usize) {
    let registry = ours(histograms);
    let handle = stock(histograms).1;
    let client = client(histograms);
    let text = registry.render();
    let lines = text.lines().count();
    assert!(lines.abs_diff(handle.render().lines().count()) < 40);
    assert!(lines.abs_diff(encoded(&client).lines().count()) < 40);
    let title = format!(
        "Scrape of {lines} lines ({histograms} histograms, {} KiB)",
        text.len() / 1024
    );
    Group::new(
        title,
        [
            Case::new("copy of the bytes", repeat(|| text.clone())),
            Case::new("ours", repeat(|| registry.render())),
            Case::new("stock exporter", repeat(|| handle.render())),
            Case::new("prometheus-client", repeat(|| encoded(&client))),
        ],
    )
    .text_bytes(text.len())
    .run(mode);
}

/// How many bytes the heap holds for each histogram, recorded into by one thread.
fn held(mode: &Mode, histograms: usize) {
    let per_series = |heap: Option<radiosonde_benches::Heap>| {
        let held = heap.map_or(0, |heap| heap.held);
        let histograms = i64::try_from(histograms).expect("few");
        (held / histograms).to_string()
    };
    let (_ours, ours) = counted(|| ours(histograms));
    let (_stock, stock) = counted(|| {
        let stock = stock(histograms);
        stock.1.run_upkeep();
        stock
    });
    let (_client, client) = counted(|| client(histograms));
    if *mode == Mode::Full {
        let rows = [
            ("ours", ours),
            ("stock exporter", stock),
            ("prometheus-client", client),
        ]
        .map(|(name, heap)| vec![name.to_owned(), per_series(heap)]);
        table(
            &format!("Bytes held for each of {histograms} histograms, one thread"),
            &["case", "bytes a histogram"],
            &rows,
        );
    }
}

/// How much the heap grows with samples that nobody scrapes.
fn growth(mode: &Mode, samples: u64) {
    let registry = ours(10);
    let own = registry.histogram(&HTTP_REQUEST_DURATION, &["GET", "/grow", "200"]);
    let exporter = stock(10)
        .0
        .register_histogram(&key("GET", "/grow", "200"), &METADATA);
    own.record(0.1);
    exporter.record(0.1);
    let grown = |record: &dyn Fn()| {
        let ((), heap) = counted(|| (0..samples).for_each(|_| record()));
        heap.map_or(0, |heap| heap.held)
    };
    let ours = grown(&|| own.record(black_box(0.02)));
    let stock = grown(&|| exporter.record(black_box(0.02)));
    assert_eq!(ours, 0, "a histogram of ours grew");
    if *mode == Mode::Full {
        let rows = [("ours", ours), ("stock exporter", stock)]
            .map(|(name, bytes)| vec![name.to_owned(), bytes.to_string()]);
        table(
            &format!("Growth by {samples} samples without a scrape"),
            &["case", "bytes"],
            &rows,
        );
    }
}

fn ours(histograms: usize) -> Registry {
    let options = RegistryOptions::new()
        .series_per_metric(100_000)
        .series(200_000);
    let registry = Registry::with_options(options);
    for series in 0..histograms {
        let (method, route, status) = labels(series);
        let histogram = registry.histogram(&HTTP_REQUEST_DURATION, &[method, &route, status]);
        for value in VALUES {
            histogram.record(value);
        }
    }
    registry
}

fn stock(histograms: usize) -> (PrometheusRecorder, PrometheusHandle) {
    let recorder = PrometheusBuilder::new()
        .set_buckets(HTTP_REQUEST_DURATION.bounds())
        .expect("bounds")
        .build_recorder();
    for series in 0..histograms {
        let (method, route, status) = labels(series);
        let histogram = recorder.register_histogram(&key(method, &route, status), &METADATA);
        for value in VALUES {
            histogram.record(value);
        }
    }
    let handle = recorder.handle();
    (recorder, handle)
}

type ClientLabels = [(&'static str, String); 3];

fn client(histograms: usize) -> prometheus_client::registry::Registry {
    let family: Family<ClientLabels, Histogram> = Family::new_with_constructor(|| {
        Histogram::new(HTTP_REQUEST_DURATION.bounds().iter().copied())
    });
    for series in 0..histograms {
        let (method, route, status) = labels(series);
        let labels = [
            ("method", method.to_owned()),
            ("route", route),
            ("status", status.to_owned()),
        ];
        let histogram = family.get_or_create(&labels);
        for value in VALUES {
            histogram.observe(value);
        }
    }
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register(
        HTTP_REQUEST_DURATION.name(),
        HTTP_REQUEST_DURATION.help(),
        family,
    );
    registry
}

fn encoded(registry: &prometheus_client::registry::Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("writing to a string");
    text
}

fn repeat<'a>(render: impl Fn() -> String + Sync + 'a) -> impl Fn(u64) + Sync + 'a {
    move |turns| {
        for _ in 0..turns {
            black_box(render());
        }
    }
}

fn labels(series: usize) -> (&'static str, String, &'static str) {
    let method = ["GET", "POST"][series % 2];
    let status = ["200", "201", "400", "404", "500"][series / 2 % 5];
    (
        method,
        format!("/api/resource{}/{{id}}", series / 10),
        status,
    )
}

fn key(method: &'static str, route: &str, status: &'static str) -> Key {
    let labels = vec![
        Label::new("method", method),
        Label::new("route", route.to_owned()),
        Label::new("status", status),
    ];
    Key::from_parts(HTTP_REQUEST_DURATION.name(), labels)
}

const VALUES: [f64; 8] = [0.0007, 0.003, 0.0123, 0.02, 0.3, 0.31, 1.75, 12.5];
static METADATA: Metadata<'static> = Metadata::new("benches", Level::INFO, None);
