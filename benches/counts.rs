//! Counters and gauges whose handle is held.

use std::sync::atomic::AtomicU64;

use metrics::Recorder as _;
use metrics_exporter_prometheus::PrometheusRecorder;
use prometheus_client::metrics::{counter, gauge};
use radiosonde_benches::{Case, Group};
use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, Metric, SPANS_SENT};
use radiosonde_metrics::Registry;

use crate::{LABELS, METADATA, Typed, key, repeat, typed_labels};

pub(crate) fn counters<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
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

pub(crate) fn up_down_counters<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
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

pub(crate) fn gauges<'a>(ours: &'a Registry, stock: &'a PrometheusRecorder) -> Group<'a> {
    let own = ours.gauge(&DEPTH, &LABELS.map(|(_, value)| value));
    let typed = Typed::new(ours).depth;
    let facade = ours.register_gauge(&key("level"), &METADATA);
    let exporter = stock.register_gauge(&key("level"), &METADATA);
    let client: gauge::Gauge<f64, AtomicU64> = gauge::Gauge::default();
    Group::new(
        "Gauge set, handle held",
        [
            Case::new("ours", repeat(move |v| own.set(v))).without_allocations(),
            Case::new(
                "ours, typed instrument",
                repeat(move |v| typed.of(typed_labels()).set(v)),
            )
            .without_allocations(),
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

const DEPTH: Metric = Metric::gauge("set_depth").with_labels(&["method", "route"]);
