//! What is recorded often allocates nothing.
#![cfg(not(loom))]

use std::cell::Cell;

use allocation_counter::measure;
use radiosonde_catalog::Metric;
use radiosonde_metrics::standard::{Authentication, Cache, ConnectionPool, Job, Messages, Queue};
use radiosonde_metrics::typed::{Counter, Gauge, Histogram, Instrument, Label, labelled};
use radiosonde_metrics::{Bounds, Registry, RegistryOptions, SampledSpan};

#[derive(Debug, Clone, Copy)]
enum Payment {
    Card,
    Invoice,
}

impl Label for Payment {
    const KEY: &'static str = "payment";
    const VALUES: &'static [&'static str] = &["card", "invoice"];

    fn index(self) -> usize {
        self as usize
    }
}

/// Asserts that it allocates only the first time, when the thread gets its cells.
#[track_caller]
fn assert_allocates_nothing(record: impl Fn()) {
    record();
    let counted = measure(|| (0..1_000).for_each(|_| record()));
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_typed_instrument_allocates_nothing() {
    const PAID: Metric = labelled::<Payment>(Metric::counter("paid_total"));
    const WORTH: Metric = labelled::<Payment>(Metric::histogram("worth", &[1.0, 10.0]));
    const WAITING: Metric = Metric::gauge("waiting");
    let registry = Registry::new();
    let paid = Counter::<Payment>::new(&registry, &PAID);
    let worth = Histogram::<Payment>::new(&registry, &WORTH);
    let waiting: Gauge = Gauge::new(&registry, &WAITING);
    assert_allocates_nothing(|| {
        for payment in [Payment::Card, Payment::Invoice] {
            paid.of(payment).increment(1);
            worth.of(payment).record(2.5);
        }
        waiting.set(3.0);
    });
    assert_eq!(paid.of(Payment::Card).value(), 1_001);
}

#[test]
fn a_clone_of_a_typed_instrument_allocates_nothing() {
    const PAID: Metric = labelled::<Payment>(Metric::counter("paid_total"));
    let paid = Counter::<Payment>::new(&Registry::new(), &PAID);
    assert_allocates_nothing(|| paid.clone().of(Payment::Card).increment(1));
}

#[test]
fn a_histogram_allocates_nothing_whatever_its_buckets_and_exemplars() {
    const SPAN: SampledSpan = SampledSpan::new([1; 16], [2; 8]);
    const WAIT: Metric = Metric::histogram("wait", &[1.0, 10.0]);
    let with = |options: RegistryOptions, source: fn() -> Option<SampledSpan>| {
        Registry::with_options(options.exemplars(source)).histogram(&WAIT, &[])
    };
    let explicit = || RegistryOptions::new();
    let exponential = || RegistryOptions::new().bounds("wait", Bounds::exponential());
    let histograms = [
        with(explicit(), || Some(SPAN)),
        with(explicit(), || None),
        with(exponential(), || Some(SPAN)),
        with(exponential(), || None),
    ];
    let spread = Cell::new(1.0);
    // The first value below zero makes the buckets for such.
    assert_allocates_nothing(|| {
        // Ever wider, so that exponential buckets grow coarser meanwhile.
        spread.set(spread.get() * 1.5);
        for histogram in &histograms {
            for value in [spread.get(), -spread.get(), 0.0, f64::NAN] {
                histogram.record(value);
                histogram.record_in(value, Some(SPAN));
                histogram.record_in(value, None);
            }
        }
    });
    for histogram in &histograms {
        assert_eq!(histogram.count(), 1_001 * 9);
    }
}

#[test]
fn standard_instruments_allocate_nothing() {
    let registry = Registry::new();
    let messages = Messages::new(&registry, "orders");
    let cache = Cache::new(&registry, "sessions");
    let pool = ConnectionPool::new(&registry, "orders");
    let queue = Queue::new(&registry, "mail");
    let job = Job::new(&registry, "backup");
    let passwords = Authentication::new(&registry, "password");
    assert_allocates_nothing(|| {
        messages.clone().start().succeeded();
        drop(messages.start());
        cache.hit();
        cache.miss();
        pool.set_used(3);
        pool.acquire().acquired();
        pool.acquire().timed_out();
        queue.set_depth(3);
        job.start().failed();
        job.start().succeeded();
        drop((job.start(), pool.acquire()));
        passwords.refused();
    });
}
