//! What do the series hold, and what do samples that nobody scrapes?

use std::hint::black_box;

use metrics::Recorder as _;
use prometheus_client::metrics::histogram::{self, NativeHistogramConfig};
use radiosonde_benches::{Heap, Mode, counted, table};
use radiosonde_catalog::{HTTP_ERRORS, HTTP_REQUEST_DURATION};
use radiosonde_metrics::{Histogram, Registry, RegistryOptions};

use crate::series::{METADATA, VALUES, key, labels, ours, stock};
use crate::{clients, exponential, spread, traced};

/// How many bytes the heap holds for each series, recorded into by one thread.
pub(crate) fn held(mode: &Mode, series: usize) {
    let rows = [
        ("counter", "ours", of(|| counters(series))),
        ("counter", "stock exporter", of(|| stock_counters(series))),
        (
            "counter",
            "prometheus-client",
            of(|| clients::counters(series)),
        ),
        (
            "histogram",
            "ours",
            of(|| ours(series, RegistryOptions::new(), &VALUES)),
        ),
        (
            "histogram",
            "stock exporter",
            of(|| stock_histograms(series)),
        ),
        (
            "histogram",
            "prometheus-client",
            of(|| clients::histograms(series)),
        ),
        (
            "histogram with exemplars",
            "ours",
            of(|| ours(series, traced(), &VALUES)),
        ),
        (
            "histogram with exemplars",
            "prometheus-client",
            of(|| clients::with_exemplars(series)),
        ),
        (
            "exponential histogram",
            "ours",
            of(|| ours(series, exponential(), &spread())),
        ),
        (
            "exponential histogram",
            "prometheus-client",
            of(|| clients::exponential(series, &spread())),
        ),
    ];
    if *mode == Mode::Full {
        let rows = rows.map(|(what, of_whom, heap)| {
            let each = heap.held / i64::try_from(series).expect("few");
            vec![what.to_owned(), of_whom.to_owned(), each.to_string()]
        });
        table(
            &format!("Bytes held for each of {series} series, one thread"),
            &["series", "case", "bytes a series"],
            &rows,
        );
    }
}

/// How much the heap grows with samples that nobody scrapes.
pub(crate) fn growth(mode: &Mode, samples: u64) {
    // It would hold 16 bytes for each.
    let of_peers = samples / 10;
    let (own, traced, exponential) = (
        one(RegistryOptions::new()),
        one(traced()),
        one(exponential()),
    );
    let of_ours = [
        ("ours, histogram", &own),
        ("ours, histogram with exemplars", &traced),
        ("ours, exponential histogram", &exponential),
    ]
    .map(|(name, histogram)| (name, samples, grown(samples, |v| histogram.record(v))));
    for (name, _, bytes) in of_ours {
        assert_eq!(bytes, 0, "{name} grew");
    }
    let stock = stock(10).0;
    let exporter = stock.register_histogram(&key("grow_seconds", 0), &METADATA);
    let client = histogram::Histogram::new(HTTP_REQUEST_DURATION.bounds().iter().copied());
    let native = NativeHistogramConfig::default().max_buckets(160);
    let native = histogram::Histogram::new_native(native);
    let of_peers = [
        (
            "stock exporter, histogram",
            of_peers,
            grown(of_peers, |v| exporter.record(v)),
        ),
        (
            "prometheus-client, histogram",
            of_peers,
            grown(of_peers, |v| client.observe(v)),
        ),
        (
            "prometheus-client, exponential histogram",
            of_peers,
            grown(of_peers, |v| native.observe(v)),
        ),
    ];
    if *mode == Mode::Full {
        let rows = of_ours.iter().chain(&of_peers);
        let rows = rows.map(|(name, samples, bytes)| {
            vec![(*name).to_owned(), samples.to_string(), bytes.to_string()]
        });
        table(
            "Growth by samples without a scrape",
            &["case", "samples", "bytes"],
            &rows.collect::<Vec<_>>(),
        );
    }
}

/// Records all values once, and then how often it takes; tells what that left behind.
fn grown(samples: u64, record: impl Fn(f64)) -> i64 {
    let values = spread();
    for value in &values {
        record(*value);
    }
    let again = || {
        let samples = usize::try_from(samples).expect("it fits");
        for value in values.iter().cycle().take(samples) {
            record(black_box(*value));
        }
    };
    of(again).held
}

fn one(options: RegistryOptions) -> Histogram {
    let labels = ["GET", "/grow", "200"];
    Registry::with_options(options).histogram(&HTTP_REQUEST_DURATION, &labels)
}

fn counters(series: usize) -> Registry {
    let registry = ours(0, RegistryOptions::new(), &[]);
    for series in 0..series {
        let (method, route, status) = labels(series);
        let counter = registry.counter(&HTTP_ERRORS, &[method, &route, status]);
        counter.increment(1);
    }
    registry
}

fn stock_counters(series: usize) -> impl Sized {
    let stock = stock(0);
    for series in 0..series {
        let counter = stock
            .0
            .register_counter(&key(HTTP_ERRORS.name(), series), &METADATA);
        counter.increment(1);
    }
    stock
}

fn stock_histograms(series: usize) -> impl Sized {
    let stock = stock(series);
    stock.1.run_upkeep();
    stock
}

/// What some work did to the heap, with what it made still there.
fn of<T>(work: impl FnOnce() -> T) -> Heap {
    let (_made, heap) = counted(work);
    heap.unwrap_or_default()
}
