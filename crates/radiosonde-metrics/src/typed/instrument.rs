//! The instruments, each with all its series.

use std::fmt;

use radiosonde_catalog::{Kind, Metric};

use super::Labels;
use super::series::Series;
use crate::Registry;

/// An instrument with labels that are types: [`Counter`], [`Gauge`], [`UpDownCounter`] or [`Histogram`] of this module.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a typed instrument",
    label = "not a typed instrument",
    note = "instruments are `Counter`, `Gauge`, `UpDownCounter` and `Histogram` of the module `typed`"
)]
pub trait Instrument: Sized + sealed::Sealed {
    /// Its labels.
    type Labels: Labels;

    /// What it records.
    const KIND: Kind;

    /// Makes all series of this metric, at 0, or finds them.
    ///
    /// The metric has the labels that [`labelled`](super::labelled) gives it. Where it is of another kind or has other
    /// labels, or the registry refuses it because its name is taken, what is recorded appears nowhere; the refusal is counted.
    #[must_use]
    fn new(registry: &Registry, metric: &Metric) -> Self;
}

macro_rules! instrument {
    ($(#[$doc:meta])* $name:ident, $method:ident, $nothing:expr) => {
        $(#[$doc])*
        pub struct $name<L: Labels = ()>(Series<crate::$name, L>);

        impl<L: Labels> $name<L> {
            /// Returns the instrument of the series with these label values.
            #[must_use]
            pub fn of(&self, labels: L) -> &crate::$name {
                self.0.of(labels)
            }
        }

        impl<L: Labels> Instrument for $name<L> {
            type Labels = L;

            const KIND: Kind = Kind::$name;

            fn new(registry: &Registry, metric: &Metric) -> Self {
                let make = |values: &[&str]| registry.$method(metric, values);
                Self(Series::new(registry, metric, Self::KIND, make, $nothing))
            }
        }

        impl<L: Labels> Clone for $name<L> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<L: Labels> fmt::Debug for $name<L> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("labels", &L::KEYS)
                    .finish_non_exhaustive()
            }
        }

        impl<L: Labels> sealed::Sealed for $name<L> {}
    };
}

instrument! {
    /// Totals that only grow, by labels `L`.
    ///
    /// Clones record into the same series.
    Counter, counter, crate::Counter::default
}

instrument! {
    /// Values that go up and down, by labels `L`.
    ///
    /// Clones record into the same series.
    Gauge, gauge, crate::Gauge::default
}

instrument! {
    /// Numbers of things that begin and end, by labels `L`.
    ///
    /// Clones record into the same series.
    UpDownCounter, up_down_counter, crate::UpDownCounter::default
}

instrument! {
    /// Distributions over buckets, by labels `L`.
    ///
    /// Clones record into the same series.
    Histogram, histogram, nowhere
}

impl Counter {
    /// Adds `count`, as [`crate::Counter::increment`] does.
    pub fn increment(&self, count: u64) {
        self.of(()).increment(count);
    }
}

impl Gauge {
    /// Replaces the value, as [`crate::Gauge::set`] does.
    pub fn set(&self, value: f64) {
        self.of(()).set(value);
    }

    /// Adds `change`, as [`crate::Gauge::add`] does.
    pub fn add(&self, change: f64) {
        self.of(()).add(change);
    }
}

impl UpDownCounter {
    /// Adds `change`, as [`crate::UpDownCounter::add`] does.
    pub fn add(&self, change: i64) {
        self.of(()).add(change);
    }
}

impl Histogram {
    /// Records one value, as [`crate::Histogram::record`] does.
    pub fn record(&self, value: f64) {
        self.of(()).record(value);
    }
}

/// A histogram that appears nowhere.
fn nowhere() -> crate::Histogram {
    crate::Histogram::noop()
}

mod sealed {
    #[expect(unnameable_types, reason = "which is what seals a trait")]
    pub trait Sealed {}
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::typed::label::tests::Numbered;
    use crate::typed::labelled;
    use crate::{RegistryOptions, Value};

    type Two = Numbered<2>;

    const SENT: Metric = labelled::<Two>(Metric::counter("parcels_sent_total"));
    const WEIGHT: Metric = labelled::<Two>(Metric::histogram("parcels_weight", &[1.0, 5.0]));

    #[test]
    fn every_series_is_there_from_the_start_and_each_has_its_own_value() {
        let registry = Registry::new();
        let sent = Counter::<Two>::new(&registry, &SENT);
        let values = || -> Vec<_> {
            let series = registry.series("parcels_sent_total").into_iter();
            series.map(|series| series.value).collect()
        };
        assert_eq!(values(), [Value::Count(0), Value::Count(0)]);
        sent.of(Numbered(1)).increment(3);
        sent.clone().of(Numbered(0)).increment(1);
        Counter::<Two>::new(&registry, &SENT)
            .of(Numbered(1))
            .increment(1);
        assert_eq!(values(), [Value::Count(1), Value::Count(4)]);
    }

    #[test]
    fn each_kind_without_labels_records_by_itself() {
        let registry = Registry::new();
        Counter::<()>::new(&registry, &Metric::counter("a_total")).increment(2);
        let gauge: Gauge = Gauge::new(&registry, &Metric::gauge("b"));
        gauge.set(2.0);
        gauge.add(0.5);
        UpDownCounter::<()>::new(&registry, &Metric::up_down_counter("c")).add(-1);
        Histogram::<()>::new(&registry, &Metric::histogram("d", &[1.0])).record(0.5);
        let text = registry.render();
        for line in [
            "a_total 2\n",
            "b 2.5\n",
            "c -1\n",
            "d_bucket{le=\"1.0\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    #[test]
    fn a_metric_of_another_kind_or_with_other_labels_is_refused_and_counted_once() {
        let registry = Registry::new();
        Gauge::<Two>::new(&registry, &SENT).of(Numbered(1)).set(1.0);
        Histogram::<Numbered<3>>::new(&registry, &WEIGHT)
            .of(Numbered(2))
            .record(1.0);
        let text = registry.render();
        assert!(!text.contains("parcels"), "{text}");
        assert!(text.contains("reason=\"wrong_labels\"} 1\n"), "{text}");
        assert!(text.contains("reason=\"name_taken\"} 1\n"), "{text}");
        assert!(!registry.catalogue().metrics().contains(&SENT));
    }

    #[test]
    fn a_name_that_is_taken_is_refused_and_the_handles_record_nothing() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || metrics::gauge!("parcels_sent_total").set(7.0));
        Counter::<Two>::new(&registry, &SENT)
            .of(Numbered(0))
            .increment(1);
        assert_eq!(registry.series("parcels_sent_total").len(), 1);
        assert!(registry.render().contains("reason=\"name_taken\"} 2\n"));
    }

    #[test]
    fn past_a_smaller_budget_totals_stay_right() {
        let registry = Registry::with_options(RegistryOptions::new().series_per_metric(1));
        let sent = Counter::<Numbered<3>>::new(&registry, &labelled::<Numbered<3>>(SENT));
        (0..3).for_each(|index| sent.of(Numbered(index)).increment(1));
        let text = registry.render();
        assert!(text.contains("{three=\"a\"} 1\n"), "{text}");
        assert!(
            text.contains("{otel_metric_overflow=\"true\"} 2\n"),
            "{text}"
        );
    }

    #[test]
    fn a_label_that_says_nonsense_does_no_harm() {
        let sent = Counter::<Two>::new(&Registry::new(), &SENT);
        sent.of(Numbered(17)).increment(1);
        assert_eq!(sent.of(Numbered(1)).value(), 1);
    }

    #[test]
    fn what_shares_an_instrument_between_threads_compiles() {
        fn is_shared<T: Send + Sync + 'static>() {}
        is_shared::<Histogram<(Two, Numbered<3>)>>();
    }
}
