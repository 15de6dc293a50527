//! Instruments that are looked up by name and labels each time.

use std::hint::black_box;
use std::sync::atomic::AtomicU64;

use metrics::{Recorder, with_local_recorder};
use metrics_exporter_prometheus::PrometheusRecorder;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::{counter, gauge, histogram};
use radiosonde_benches::{Case, Group};
use radiosonde_metrics::Registry;

use crate::{LABELS, METHOD, ROUTE, Typed, client_histogram, repeat, typed_labels};

pub(crate) fn counters_by_macro<'a>(
    ours: &'a Registry,
    stock: &'a PrometheusRecorder,
) -> Group<'a> {
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

pub(crate) fn gauges_by_macro<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    fn literal(value: f64) {
        metrics::gauge!("by_macro", "method" => "GET", "route" => "/orders/{id}").set(value);
    }
    fn owned(value: f64, method: &str, route: &str) {
        metrics::gauge!("by_macro", "method" => method.to_owned(), "route" => route.to_owned())
            .set(value);
    }
    let typed = Typed::new(ours).depth;
    let borrowed: Family<[(&str, &str); 2], gauge::Gauge<f64, AtomicU64>> = Family::default();
    let family: Family<[(&str, String); 2], gauge::Gauge<f64, AtomicU64>> = Family::default();
    Group::new(
        "Gauge set, looked up",
        [
            Case::new(
                "ours, typed instrument",
                repeat(move |v| typed.of(typed_labels()).set(v)),
            )
            .without_allocations(),
            by_macro("ours, two literal labels", ours, literal),
            by_macro("stock exporter, two literal labels", stock, literal),
            Case::new(
                "prometheus-client, two literal labels",
                repeat(move |v| {
                    borrowed.get_or_create(&black_box(LABELS)).set(v);
                }),
            ),
            by_macro("ours, two owned labels", ours, |v| owned(v, METHOD, ROUTE)),
            by_macro("stock exporter, two owned labels", stock, |v| {
                owned(v, METHOD, ROUTE);
            }),
            Case::new(
                "prometheus-client, two owned labels",
                repeat(move |v| {
                    family.get_or_create(&owned_labels()).set(v);
                }),
            ),
        ],
    )
}

pub(crate) fn histograms_by_macro<'a>(
    ours: &'a Registry,
    stock: &'a PrometheusRecorder,
) -> Group<'a> {
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
        Family::new_with_constructor(client_histogram);
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

fn owned_labels() -> [(&'static str, String); 2] {
    LABELS.map(|(name, value)| (name, black_box(value).to_owned()))
}
