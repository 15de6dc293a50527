//! What does it cost to record a value?

mod counts;
mod histograms;
mod looked_up;
mod trace_id;

use std::hint::black_box;

use metrics::{Key, Label, Level, Metadata};
use metrics_exporter_prometheus::PrometheusBuilder;
use prometheus_client::metrics::histogram;
use radiosonde_benches::{Group, Mode};
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use radiosonde_metrics::Registry;
use radiosonde_metrics::typed::{self, Counter, Gauge, Histogram, Instruments};

fn main() {
    let mode = Mode::from_args();
    let ours = Registry::new();
    let stock = PrometheusBuilder::new()
        .set_buckets(HTTP_REQUEST_DURATION.bounds())
        .expect("bounds")
        .build_recorder();
    for threads in [1, 2] {
        let run = |group: Group<'_>| group.threads(threads).run(&mode);
        run(counts::counters(&ours, &stock));
        run(counts::up_down_counters(&ours, &stock));
        run(counts::gauges(&ours, &stock));
        run(histograms::histograms(&ours, &stock));
        run(histograms::exponential_histograms());
        run(histograms::exemplars());
        run(looked_up::counters_by_macro(&ours, &stock));
        run(looked_up::gauges_by_macro(&ours, &stock));
        run(looked_up::histograms_by_macro(&ours, &stock));
    }
}

#[derive(Debug, Clone, Copy, typed::Label)]
enum Method {
    #[label(value = "GET")]
    Get,
    #[label(value = "PUT")]
    Put,
}

#[derive(Debug, Clone, Copy, typed::Label)]
enum Route {
    #[label(value = "/")]
    Root,
    #[label(value = "/orders/{id}")]
    Order,
}

#[derive(Debug, Clone, Instruments)]
struct Typed {
    /// Requests that ended.
    ended: Counter<(Method, Route)>,
    /// Requests that wait.
    depth: Gauge<(Method, Route)>,
    /// Time that requests took, in seconds.
    #[instrument(unit = "seconds")]
    took: Histogram<(Method, Route)>,
}

/// Labels that the compiler does not know beforehand.
fn typed_labels() -> (Method, Route) {
    if black_box(true) {
        (Method::Get, Route::Order)
    } else {
        (Method::Put, Route::Root)
    }
}

/// Records one value after the other, in no order that a processor could guess.
fn repeat<'a>(record: impl Fn(f64) + Sync + 'a) -> impl Fn(u64) + Sync + 'a {
    let mut values = [0.0; 1024];
    let mut state = 1_u32;
    for value in &mut values {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // 1 ms to 12 s, each decade as often as the others.
        *value = 10_f64.powf(f64::from(state) / f64::from(u32::MAX) * 4.1 - 3.0);
    }
    move |turns| {
        let turns = usize::try_from(turns).expect("turns are few");
        for turn in 0..turns {
            record(black_box(values[turn % values.len()]));
        }
    }
}

fn key(name: &'static str) -> Key {
    let labels = LABELS.map(|(name, value)| Label::new(name, value));
    Key::from_parts(name, labels.to_vec())
}

fn client_histogram() -> histogram::Histogram {
    histogram::Histogram::new(HTTP_REQUEST_DURATION.bounds().iter().copied())
}

const METHOD: &str = "GET";
const ROUTE: &str = "/orders/{id}";
const LABELS: [(&str, &str); 2] = [("method", METHOD), ("route", ROUTE)];
static METADATA: Metadata<'static> = Metadata::new("benches", Level::INFO, None);
