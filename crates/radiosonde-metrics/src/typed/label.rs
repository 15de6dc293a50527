//! Labels whose values are known while they are compiled.

use radiosonde_catalog::Metric;

/// A label with a closed set of values. Derived for an enum without fields, or implemented by hand.
///
/// # The derive
///
/// The key is the name of the enum in snake case, and each value that of its variant. `#[label(key = "…")]` on the enum sets
/// another key, `#[label(otel_key = "…")]` the key in OpenTelemetry, and `#[label(value = "…")]` on a variant another
/// value.
///
/// It refers to the crate from which it was imported. Where that crate goes by another name, `#[label(crate = "…")]` says
/// its path, such as `crate::telemetry::metrics`: what holds the module `typed`.
///
/// # Examples
///
/// By hand:
///
/// ```
/// use radiosonde_catalog::Metric;
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::typed::{Counter, Instrument, Label, labelled};
///
/// #[derive(Debug, Clone, Copy)]
/// enum Payment {
///     Card,
///     Invoice,
/// }
///
/// impl Label for Payment {
///     const KEY: &'static str = "payment";
///     const VALUES: &'static [&'static str] = &["card", "invoice"];
///
///     fn index(self) -> usize {
///         self as usize
///     }
/// }
///
/// const PAID: Metric = labelled::<Payment>(Metric::counter("orders_paid_total"));
///
/// let registry = Registry::new();
/// let paid = Counter::<Payment>::new(&registry, &PAID);
/// paid.of(Payment::Card).increment(1);
///
/// let text = registry.render();
/// assert!(text.contains("orders_paid_total{payment=\"card\"} 1\n"));
/// assert!(text.contains("orders_paid_total{payment=\"invoice\"} 0\n"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label",
    label = "not an enum that derives `Label`",
    note = "labels are `()`, an enum that derives `Label`, or a tuple of up to four of them"
)]
pub trait Label: Copy + 'static {
    /// The key, as Prometheus spells it.
    const KEY: &'static str;

    /// The key, as OpenTelemetry spells it.
    ///
    /// Defaults to [`KEY`](Self::KEY).
    const OTEL_KEY: &'static str = Self::KEY;

    /// The values, each once.
    const VALUES: &'static [&'static str];

    /// Returns the place of this value in [`VALUES`](Self::VALUES).
    ///
    /// It is less than their number; one that is not records into a series of another value.
    fn index(self) -> usize;
}

/// The labels of an instrument: `()`, one [`Label`], or a tuple of up to four.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of labels",
    label = "not labels",
    note = "labels are `()`, an enum that derives `Label`, or a tuple of up to four of them"
)]
pub trait Labels: Copy + sealed::Sealed + 'static {
    /// The keys, as Prometheus spells them.
    const KEYS: &'static [&'static str];

    /// The keys, as OpenTelemetry spells them.
    const OTEL_KEYS: &'static [&'static str];

    /// The values of each label, in the order of the keys.
    const VALUE_SETS: &'static [&'static [&'static str]];

    /// Returns the place of these values among all combinations, of which the last label changes first.
    fn place(self) -> usize;
}

impl Labels for () {
    const KEYS: &'static [&'static str] = &[];
    const OTEL_KEYS: &'static [&'static str] = &[];
    const VALUE_SETS: &'static [&'static [&'static str]] = &[];

    fn place(self) -> usize {
        0
    }
}

impl<L: Label> Labels for L {
    const KEYS: &'static [&'static str] = &[L::KEY];
    const OTEL_KEYS: &'static [&'static str] = &[L::OTEL_KEY];
    const VALUE_SETS: &'static [&'static [&'static str]] = &[L::VALUES];

    fn place(self) -> usize {
        self.index()
    }
}

macro_rules! tuples {
    ($(($($label:ident $field:tt),+))+) => {$(
        impl<$($label: Label),+> Labels for ($($label,)+) {
            const KEYS: &'static [&'static str] = &[$($label::KEY),+];
            const OTEL_KEYS: &'static [&'static str] = &[$($label::OTEL_KEY),+];
            const VALUE_SETS: &'static [&'static [&'static str]] = &[$($label::VALUES),+];

            fn place(self) -> usize {
                let place = 0;
                $(let place = place * $label::VALUES.len() + self.$field.index();)+
                place
            }
        }

        impl<$($label: Label),+> sealed::Sealed for ($($label,)+) {}
    )+};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

/// Gives a metric the labels `L`.
///
/// # Panics
///
/// Panics, which in a constant is a compile error, when there are more than 2000 combinations of their values, or none; and
/// when [`Metric::with_labels`] does, such as for two labels with the same key.
///
/// # Examples
///
/// Two labels with the same key do not compile:
///
/// ```compile_fail
/// use radiosonde_catalog::Metric;
/// use radiosonde_metrics::typed::{Label, labelled};
///
/// #[derive(Clone, Copy)]
/// enum Region { North }
///
/// impl Label for Region {
///     const KEY: &'static str = "region";
///     const VALUES: &'static [&'static str] = &["north"];
///
///     fn index(self) -> usize {
///         0
///     }
/// }
///
/// const MOVED: Metric = labelled::<(Region, Region)>(Metric::counter("goods_moved_total"));
/// # let _ = MOVED;
/// ```
#[must_use]
pub const fn labelled<L: Labels>(metric: Metric) -> Metric {
    let series = number_of_series::<L>();
    assert!(
        series > 0,
        "a label without values leaves a metric without series: give it a value"
    );
    assert!(
        series <= MAX_SERIES,
        "a metric has at most 2000 series, one for each combination of its labels' values: take a label out, or values"
    );
    metric.with_labels(L::KEYS).with_otel_labels(L::OTEL_KEYS)
}

/// Returns how many combinations of values there are.
pub(super) const fn number_of_series<L: Labels>() -> usize {
    let mut product = 1_usize;
    let mut index = 0;
    while index < L::VALUE_SETS.len() {
        product = product.saturating_mul(L::VALUE_SETS[index].len());
        index += 1;
    }
    product
}

/// Returns the values at this place among all combinations.
pub(super) fn values_at<L: Labels>(index: usize) -> Vec<&'static str> {
    let mut rest = index;
    let mut values: Vec<_> = L::VALUE_SETS
        .iter()
        .rev()
        .map(|values| {
            let value = values[rest % values.len()];
            rest /= values.len();
            value
        })
        .collect();
    values.reverse();
    values
}

/// As many as a registry keeps of one metric unless it is told otherwise.
const MAX_SERIES: usize = 2_000;

mod sealed {
    #[expect(unnameable_types, reason = "which is what seals a trait")]
    pub trait Sealed {}

    impl Sealed for () {}

    impl<L: super::Label> Sealed for L {}
}

#[cfg(all(test, not(loom)))]
pub(super) mod tests {
    use std::panic::catch_unwind;

    use super::*;

    /// A label of `N` values.
    #[derive(Debug, Clone, Copy)]
    pub(in crate::typed) struct Numbered<const N: usize>(pub(in crate::typed) usize);

    impl<const N: usize> Label for Numbered<N> {
        const KEY: &'static str =
            ["zero", "one", "two", "three", "four", "many"][if N < 5 { N } else { 5 }];
        const VALUES: &'static [&'static str] = {
            let names = &["a", "b", "c", "d", "e"];
            if N <= 5 {
                names.split_at(N).0
            } else {
                &["x"; N]
            }
        };

        fn index(self) -> usize {
            self.0
        }
    }

    type Four = (Numbered<2>, Numbered<3>, Numbered<1>, Numbered<4>);

    #[test]
    fn every_combination_has_a_place_of_its_own() {
        assert_eq!(number_of_series::<Four>(), 24);
        let mut places = Vec::new();
        for two in 0..2 {
            for three in 0..3 {
                for four in 0..4 {
                    let labels: Four =
                        (Numbered(two), Numbered(three), Numbered(0), Numbered(four));
                    let index = Labels::place(labels);
                    let name = |index: usize| ["a", "b", "c", "d"][index];
                    let expected = [name(two), name(three), "a", name(four)];
                    assert_eq!(values_at::<Four>(index), expected);
                    places.push(index);
                }
            }
        }
        assert_eq!(places, (0..24).collect::<Vec<_>>());
        assert_eq!((Labels::place(()), number_of_series::<()>()), (0, 1));
        assert_eq!(values_at::<()>(0), [""; 0]);
    }

    #[test]
    fn labels_that_no_metric_can_have_are_refused() {
        fn refusal<L: Labels>() -> String {
            let made = catch_unwind(|| labelled::<L>(Metric::gauge("depth")));
            let panic = made.expect_err("the labels were accepted");
            (*panic.downcast_ref::<&str>().expect("a message")).to_owned()
        }
        assert!(refusal::<Numbered<2_001>>().contains("at most 2000"));
        assert!(refusal::<(Numbered<1_001>, Numbered<2>)>().contains("at most 2000"));
        assert!(refusal::<(Numbered<2>, Numbered<0>)>().contains("without values"));
        assert!(refusal::<(Numbered<2>, Numbered<2>)>().contains("the same key"));
        let many = labelled::<(Numbered<1_000>, Numbered<2>)>(Metric::gauge("depth"));
        assert_eq!(many.labels(), ["many", "two"]);
    }
}
