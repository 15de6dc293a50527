//! What does it cost to record a value?

use std::hint::black_box;
use std::sync::atomic::AtomicU64;

use metrics::{Key, Label, Level, Metadata, Recorder, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::{counter, gauge, histogram};
use radiosonde_benches::{Case, Group, Mode};
use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, HTTP_REQUEST_DURATION, SPANS_SENT};
use radiosonde_metrics::Registry;
use radiosonde_metrics::typed::{self, Counter, Histogram, Instruments};

fn main() {
    let mode = Mode::from_args();
    let ours = Registry::new();
    let stock = PrometheusBuilder::new()
        .set_buckets(HTTP_REQUEST_DURATION.bounds())
        .expect("bounds")
        .build_recorder();
    for threads in [1, 2] {
        counters(&ours, &stock).threads(threads).run(&mode);
        up_down_counters(&ours, &stock).threads(threads).run(&mode);
        gauges(&ours, &stock).threads(threads).run(&mode);
        histograms(&ours, &stock).threads(threads).run(&mode);
        counters_by_macro(&ours, &stock).threads(threads).run(&mode);
        histograms_by_macro(&ours, &stock)
            .threads(threads)
            .run(&mode);
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

fn counters<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    let own = ours.counter(&SPANS_SENT, &[]);
    let typed = Typed::new(ours).ended;
    let facade = ours.register_counter(&key("orders_total"), &METADATA);
    let exporter = stock.register_counter(&key("orders_total"), &METADATA);
    let client: counter::Counter = counter::Counter::default();
    Group::new(
        "Counter, handle held",
        [
            Case::new("ours", repeat(move |_| own.increment(1))).without_allocations(),
            Case::new(
                "ours, typed instrument",
                repeat(move |_| typed.of(typed_labels()).increment(1)),
            )
            .without_allocations(),
            Case::new(
                "ours, the facade's handle",
                repeat(move |_| facade.increment(1)),
            )
            .without_allocations(),
            Case::new("stock exporter", repeat(move |_| exporter.increment(1))),
            Case::new(
                "prometheus-client",
                repeat(move |_| {
                    client.inc();
                }),
            ),
        ],
    )
}

fn up_down_counters<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    let own = ours.up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"]);
    let facade = ours.register_gauge(&key("in_flight"), &METADATA);
    let exporter = stock.register_gauge(&key("in_flight"), &METADATA);
    let client: gauge::Gauge = gauge::Gauge::default();
    Group::new(
        "Up by one, handle held",
        [
            Case::new("ours", repeat(move |_| own.add(1))).without_allocations(),
            Case::new(
                "ours, the facade's gauge",
                repeat(move |_| facade.increment(1.0)),
            )
            .without_allocations(),
            Case::new("stock exporter", repeat(move |_| exporter.increment(1.0))),
            Case::new(
                "prometheus-client",
                repeat(move |_| {
                    client.inc();
                }),
            ),
        ],
    )
}

fn gauges<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    let facade = ours.register_gauge(&key("depth"), &METADATA);
    let exporter = stock.register_gauge(&key("depth"), &METADATA);
    let client: gauge::Gauge<f64, AtomicU64> = gauge::Gauge::default();
    Group::new(
        "Gauge set, handle held",
        [
            Case::new("ours, the facade's handle", repeat(move |v| facade.set(v)))
                .without_allocations(),
            Case::new("stock exporter", repeat(move |v| exporter.set(v))),
            Case::new(
                "prometheus-client",
                repeat(move |v| {
                    client.set(v);
                }),
            ),
        ],
    )
}

fn histograms<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    let own = ours.histogram(&HTTP_REQUEST_DURATION, &["GET", "/orders/{id}", "200"]);
    let typed = Typed::new(ours).took;
    let facade = ours.register_histogram(&key("wait_seconds"), &METADATA);
    let exporter = stock.register_histogram(&key("wait_seconds"), &METADATA);
    let client = histogram();
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

fn counters_by_macro<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    fn literal() {
        metrics::counter!("by_macro_total", "method" => "GET", "route" => "/orders/{id}")
            .increment(1);
    }
    fn owned(method: &str, route: &str) {
        metrics::counter!("by_macro_total", "method" => method.to_owned(), "route" => route.to_owned())
            .increment(1);
    }
    let typed = Typed::new(ours).ended;
    let borrowed: Family<[(&str, &str); 2], counter::Counter> = Family::default();
    let family: Family<[(&str, String); 2], counter::Counter> = Family::default();
    Group::new(
        "Counter, looked up",
        [
            Case::new(
                "ours, typed instrument",
                repeat(move |_| typed.of(typed_labels()).increment(1)),
            )
            .without_allocations(),
            by_macro("ours, two literal labels", ours, |_| literal()),
            by_macro("stock exporter, two literal labels", stock, |_| literal()),
            Case::new(
                "prometheus-client, two literal labels",
                repeat(move |_| {
                    borrowed.get_or_create(&black_box(LABELS)).inc();
                }),
            ),
            by_macro("ours, two owned labels", ours, |_| owned(METHOD, ROUTE)),
            by_macro("stock exporter, two owned labels", stock, |_| {
                owned(METHOD, ROUTE);
            }),
            Case::new(
                "prometheus-client, two owned labels",
                repeat(move |_| {
                    family.get_or_create(&owned_labels()).inc();
                }),
            ),
        ],
    )
}

fn histograms_by_macro<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    fn literal(value: f64) {
        metrics::histogram!("by_macro_seconds", "method" => "GET", "route" => "/orders/{id}")
            .record(value);
    }
    fn owned(value: f64, method: &str, route: &str) {
        metrics::histogram!("by_macro_seconds", "method" => method.to_owned(), "route" => route.to_owned())
            .record(value);
    }
    let typed = Typed::new(ours).took;
    let family: Family<[(&str, String); 2], histogram::Histogram> =
        Family::new_with_constructor(histogram);
    Group::new(
        "Histogram, looked up",
        [
            Case::new(
                "ours, typed instrument",
                repeat(move |v| typed.of(typed_labels()).record(v)),
            )
            .without_allocations(),
            by_macro("ours, two literal labels", ours, literal),
            by_macro("stock exporter, two literal labels", stock, literal)
                .between(|| stock.handle().run_upkeep()),
            by_macro("ours, two owned labels", ours, |v| owned(v, METHOD, ROUTE)),
            by_macro("stock exporter, two owned labels", stock, |v| {
                owned(v, METHOD, ROUTE);
            })
            .between(|| stock.handle().run_upkeep()),
            Case::new(
                "prometheus-client, two owned labels",
                repeat(move |v| family.get_or_create(&owned_labels()).observe(v)),
            ),
        ],
    )
}

fn by_macro<'a>(
    name: &'a str,
    recorder: &'a (dyn Recorder + Sync),
    record: impl Fn(f64) + Sync + 'a,
) -> Case<'a> {
    let work = repeat(record);
    Case::new(name, move |turns| {
        with_local_recorder(recorder, || work(turns));
    })
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

fn histogram() -> histogram::Histogram {
    histogram::Histogram::new(HTTP_REQUEST_DURATION.bounds().iter().copied())
}

fn owned_labels() -> [(&'static str, String); 2] {
    LABELS.map(|(name, value)| (name, black_box(value).to_owned()))
}

const METHOD: &str = "GET";
const ROUTE: &str = "/orders/{id}";
const LABELS: [(&str, &str); 2] = [("method", METHOD), ("route", ROUTE)];
static METADATA: Metadata<'static> = Metadata::new("benches", Level::INFO, None);
