//! Instruments that are derived.
#![cfg(all(feature = "derive", not(loom)))]

use radiosonde_catalog::{Kind, Unit};
use radiosonde_metrics::typed::{
    Counter, Gauge, Histogram, Instruments, Label, Labels, UpDownCounter,
};
use radiosonde_metrics::{Registry, Value};

#[derive(Debug, Clone, Copy, Label)]
enum Payment {
    Card,
    Invoice,
    #[label(value = "sepa")]
    DirectDebit,
}

#[derive(Debug, Clone, Copy, Label)]
#[label(key = "region", otel_key = "cloud.region")]
enum SalesRegion {
    NorthSea,
    South,
}

const DAYS: &[f64] = &[1.0, 7.0, 30.0];

/// What is known of orders.
#[derive(Debug, Clone, Instruments)]
#[instruments(prefix = "orders")]
struct Orders {
    /// Orders that
    /// were paid.
    ///
    /// Not those that were not.
    paid: Counter<Payment>,
    /// Time from payment to delivery, in seconds.
    #[instrument(unit = "seconds", bounds = [60.0, 3600.0])]
    delivery: Histogram<(Payment, SalesRegion)>,
    /// Days until the bill was paid.
    #[instrument(bounds = DAYS, otel_name = "orders.payment.days")]
    days: Histogram,
    /// Time to find the price, in seconds.
    #[instrument(unit = "seconds")]
    pricing: Histogram,
    /// Orders that wait.
    waiting: Gauge<()>,
    /// Orders that are being packed.
    #[instrument(name = "packing_orders")]
    packing: UpDownCounter<(SalesRegion,)>,
}

/// The smallest of all, named after its struct.
#[derive(Debug, Instruments)]
struct DoorBell {
    /// How often it rang.
    r#rung: Counter,
}

#[test]
fn metrics_are_named_after_prefix_field_and_unit() {
    let read: Vec<_> = Orders::METRICS
        .iter()
        .map(|metric| (metric.name(), metric.otel_name(), metric.kind()))
        .collect();
    let expected = [
        ("orders_paid_total", "orders.paid", Kind::Counter),
        (
            "orders_delivery_seconds",
            "orders.delivery",
            Kind::Histogram,
        ),
        ("orders_days", "orders.payment.days", Kind::Histogram),
        ("orders_pricing_seconds", "orders.pricing", Kind::Histogram),
        ("orders_waiting", "orders.waiting", Kind::Gauge),
        ("packing_orders", "packing_orders", Kind::UpDownCounter),
    ];
    assert_eq!(read, expected);
    assert_eq!(DoorBell::METRICS[0].name(), "door_bell_rung_total");
}

#[test]
fn metrics_say_what_the_code_says() {
    let [paid, delivery, days, pricing, ..] = Orders::METRICS else {
        panic!("{:?}", Orders::METRICS)
    };
    assert_eq!(paid.help(), "Orders that were paid.");
    assert_eq!(paid.labels(), ["payment"]);
    assert_eq!(delivery.unit(), Unit::Seconds);
    assert_eq!(delivery.bounds(), [60.0, 3600.0]);
    assert_eq!(delivery.labels(), ["payment", "region"]);
    assert_eq!(delivery.otel_labels(), ["payment", "cloud.region"]);
    assert_eq!(days.bounds(), DAYS);
    assert_eq!(pricing.bounds().first(), Some(&0.005));
    assert_eq!(<(Payment,)>::VALUE_SETS, [["card", "invoice", "sepa"]]);
    assert_eq!(SalesRegion::VALUES, ["north_sea", "south"]);
}

#[test]
fn every_series_is_there_from_the_start_and_takes_its_own_values() {
    let registry = Registry::new();
    let orders = Orders::new(&registry);
    assert_eq!(registry.series("orders_delivery_seconds").len(), 6);
    assert_eq!(registry.series("packing_orders").len(), 2);

    orders.paid.of(Payment::DirectDebit).increment(2);
    orders.clone().paid.of(Payment::Card).increment(1);
    let values: Vec<_> = registry
        .series("orders_paid_total")
        .into_iter()
        .map(|series| (series.labels[0].1.clone(), series.value))
        .collect();
    let expected = [
        ("card".to_owned(), Value::Count(1)),
        ("invoice".to_owned(), Value::Count(0)),
        ("sepa".to_owned(), Value::Count(2)),
    ];
    assert_eq!(values, expected);

    orders
        .delivery
        .of((Payment::Invoice, SalesRegion::NorthSea))
        .record(90.0);
    orders.days.record(3.0);
    orders.pricing.record(0.01);
    orders.waiting.set(2.0);
    orders.packing.of((SalesRegion::South,)).add(1);
    DoorBell::new(&registry).rung.increment(1);
    let text = registry.render();
    for line in [
        "orders_delivery_seconds_bucket{payment=\"invoice\",region=\"north_sea\",le=\"3600.0\"} 1\n",
        "orders_days_bucket{le=\"7.0\"} 1\n",
        "orders_pricing_seconds_count 1\n",
        "orders_waiting 2\n",
        "packing_orders{region=\"south\"} 1\n",
        "door_bell_rung_total 1\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn what_is_made_joins_the_catalogue() {
    let registry = Registry::new();
    let _orders = Orders::new(&registry);
    let catalogue = registry.catalogue();
    let catalogue = catalogue.metrics();
    assert!(catalogue.is_sorted_by_key(radiosonde_catalog::Metric::name));
    for metric in Orders::METRICS {
        assert!(catalogue.contains(metric), "{}", metric.name());
    }
    let door_bell = DoorBell::METRICS[0].name();
    assert!(catalogue.iter().all(|metric| metric.name() != door_bell));
}

#[test]
fn instruments_can_be_declared_within_a_function() {
    #[derive(Clone, Copy, Label)]
    enum Side {
        Left,
        Right,
    }

    #[derive(Instruments)]
    #[instruments(prefix = "", crate = "radiosonde_metrics")]
    struct Turns {
        /// Turns to either side.
        turns: Counter<Side>,
    }

    let registry = Registry::new();
    let turns = Turns::new(&registry);
    turns.turns.of(Side::Left).increment(1);
    turns.turns.of(Side::Right).increment(1);
    assert_eq!(registry.series("turns_total").len(), 2);
}

#[test]
fn a_name_that_is_taken_is_refused_and_the_rest_is_recorded() {
    let registry = Registry::new();
    metrics::with_local_recorder(&registry, || {
        metrics::counter!("orders_waiting").increment(1);
    });
    let orders = Orders::new(&registry);
    orders.waiting.set(7.0);
    orders.days.record(1.0);
    let text = registry.render();
    assert!(text.contains("orders_waiting 1\n"), "{text}");
    assert!(text.contains("orders_days_count 1\n"), "{text}");
    assert!(text.contains("reason=\"name_taken\"} 1\n"), "{text}");
}
