//! What is known of one metric.

use crate::check;

/// One metric: what it is called, what it measures and how it is told apart.
///
/// Those of Radiosonde are constants of this crate. A service declares its own as constants, too: then a wrong one does
/// not compile.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::{Metric, Unit};
///
/// const PAID: Metric = Metric::counter("orders_paid_total")
///     .with_labels(&["payment"])
///     .with_help("Orders that were paid.");
/// const DELIVERY: Metric = Metric::histogram("orders_delivery_seconds", &[60.0, 3600.0, 86400.0])
///     .with_unit(Unit::Seconds)
///     .with_otel_name("orders.delivery")
///     .with_labels(&["region"])
///     .with_otel_labels(&["cloud.region"])
///     .with_help("Time from payment to delivery, in seconds.");
///
/// assert_eq!(PAID.otel_name(), "orders_paid");
/// assert_eq!(PAID.otel_labels(), ["payment"]);
/// assert_eq!(DELIVERY.otel_labels(), ["cloud.region"]);
/// ```
///
/// A label twice:
///
/// ```compile_fail
/// # use radiosonde_catalog::Metric;
/// const PAID: Metric = Metric::counter("orders_paid_total").with_labels(&["payment", "payment"]);
/// # let _ = PAID;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    pub(crate) name: &'static str,
    /// Made from the name where there is none.
    pub(crate) otel_name: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) labels: &'static [&'static str],
    /// The labels where there are none.
    pub(crate) otel_labels: Option<&'static [&'static str]>,
    pub(crate) bounds: &'static [f64],
    pub(crate) help: &'static str,
}

impl Metric {
    /// Makes a counter: a total that only grows. Its name ends in `_total`.
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when the name has other characters than letters, digits and `_`,
    /// starts with a digit, or does not end in `_total`.
    #[must_use]
    pub const fn counter(name: &'static str) -> Self {
        Self::new(name, Kind::Counter, &[])
    }

    /// Makes a gauge: a value that goes up and down, and is set.
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when the name has other characters than letters, digits and `_`,
    /// starts with a digit, or ends in `_total`.
    #[must_use]
    pub const fn gauge(name: &'static str) -> Self {
        Self::new(name, Kind::Gauge, &[])
    }

    /// Makes an up-down counter: a number of things that begin and end, and is counted.
    ///
    /// # Panics
    ///
    /// Panics when [`gauge`](Self::gauge) does.
    #[must_use]
    pub const fn up_down_counter(name: &'static str) -> Self {
        Self::new(name, Kind::UpDownCounter, &[])
    }

    /// Makes a histogram with these bounds: the upper limits of its buckets in its unit, without `+Inf`.
    ///
    /// # Panics
    ///
    /// Panics when [`gauge`](Self::gauge) does, and when there is no bound, one is not finite, or they do not ascend.
    #[must_use]
    pub const fn histogram(name: &'static str, bounds: &'static [f64]) -> Self {
        check::bounds(bounds);
        Self::new(name, Kind::Histogram, bounds)
    }

    /// Sets the unit of its values.
    ///
    /// Defaults to [`Unit::Count`].
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when the name does not say so: before `_total` its last word is
    /// that of the unit, such as `_seconds`.
    #[must_use]
    pub const fn with_unit(mut self, unit: Unit) -> Self {
        check::unit(self.name, unit);
        self.unit = unit;
        self
    }

    /// Sets the keys of its labels, in the order in which they are recorded.
    ///
    /// Defaults to none.
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when two keys are the same; when one has other characters than
    /// letters, digits and `_` or starts with a digit; and when one is reserved: `le`, `quantile` and
    /// `otel_metric_overflow`, `job` and `instance`, which Prometheus sets itself, and what starts with `__`.
    #[must_use]
    pub const fn with_labels(mut self, labels: &'static [&'static str]) -> Self {
        check::labels(labels);
        self.labels = labels;
        if let Some(otel_labels) = self.otel_labels {
            check::otel_labels(otel_labels, labels);
        }
        self
    }

    /// Sets what it says: one sentence on one line.
    ///
    /// Defaults to nothing.
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when the text has a line break.
    #[must_use]
    pub const fn with_help(mut self, help: &'static str) -> Self {
        check::help(help);
        self.help = help;
        self
    }

    /// Sets the name as OpenTelemetry spells it.
    ///
    /// Defaults to the name without `_total` and without the word for its unit.
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when the name has other characters than letters, digits, `_`, `.`,
    /// `-` and `/`, or does not start with a letter: so OpenTelemetry has it.
    #[must_use]
    pub const fn with_otel_name(mut self, otel_name: &'static str) -> Self {
        check::otel_name(otel_name);
        self.otel_name = Some(otel_name);
        self
    }

    /// Sets the keys of its labels as OpenTelemetry spells them, in the order of [`labels`](Self::labels), which are set
    /// before.
    ///
    /// Defaults to the labels.
    ///
    /// # Panics
    ///
    /// Panics, which in a constant is a compile error, when there are more or fewer than labels, when two are the same,
    /// and when one has other characters than letters, digits, `_` and `.`, or does not start with a letter.
    #[must_use]
    pub const fn with_otel_labels(mut self, otel_labels: &'static [&'static str]) -> Self {
        check::otel_labels(otel_labels, self.labels);
        self.otel_labels = Some(otel_labels);
        self
    }

    /// Adds a label behind those that it has, for a metric that is made while the program runs.
    ///
    /// The lists are kept for the life of the process.
    ///
    /// # Panics
    ///
    /// Panics where [`with_labels`](Self::with_labels) does, as when there is such a label already.
    #[must_use]
    pub fn with_added_label(self, key: &'static str, otel_key: &'static str) -> Self {
        let labels: &'static _ = Box::leak([self.labels(), &[key]].concat().into());
        let otel_labels: &'static _ = Box::leak([self.otel_labels(), &[otel_key]].concat().into());
        let bare = Self {
            otel_labels: None,
            ..self
        };
        bare.with_labels(labels).with_otel_labels(otel_labels)
    }

    /// Returns the name as Prometheus spells it: snake case, with the unit as its last word, counters in `_total`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name as OpenTelemetry spells it: that of the semantic conventions where they have one, else one of the
    /// same kind.
    #[must_use]
    pub const fn otel_name(&self) -> &'static str {
        match self.otel_name {
            Some(name) => name,
            None => bare_name(self.name, self.unit),
        }
    }

    /// Returns the instrument that records it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the unit of its values.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// Returns the keys of its labels, in the order in which they are recorded.
    #[must_use]
    pub const fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// Returns the keys of its labels as OpenTelemetry spells them: those of the semantic conventions where they have one.
    ///
    /// They are as many as [`labels`](Self::labels), in the same order.
    #[must_use]
    pub const fn otel_labels(&self) -> &'static [&'static str] {
        match self.otel_labels {
            Some(labels) => labels,
            None => self.labels,
        }
    }

    /// Returns the bounds of its buckets in its unit; empty unless it is a histogram.
    #[must_use]
    pub const fn bounds(&self) -> &'static [f64] {
        self.bounds
    }

    /// Returns what it says, in one sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        self.help
    }

    const fn new(name: &'static str, kind: Kind, bounds: &'static [f64]) -> Self {
        check::name(name, kind);
        Self {
            name,
            otel_name: None,
            kind,
            unit: Unit::Count,
            labels: &[],
            otel_labels: None,
            bounds,
            help: "",
        }
    }
}

/// Returns a name without `_total` and without the word for its unit, which OpenTelemetry keeps out of names.
const fn bare_name(name: &'static str, unit: Unit) -> &'static str {
    let name = without_word(name, "total");
    match unit {
        Unit::Count => name,
        unit => without_word(name, unit.prometheus()),
    }
}

/// Returns a name without its last word, when it is this one and not all there is.
const fn without_word(name: &'static str, word: &str) -> &'static str {
    if check::ends_in_word(name, word) {
        name.split_at(name.len() - word.len() - 1).0
    } else {
        name
    }
}

/// The instrument behind a metric, as OpenTelemetry names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A total that only grows, until the process restarts.
    Counter,
    /// A value that goes up and down, and is set.
    Gauge,
    /// A number of things that begin and end, and is counted. To Prometheus it is a gauge.
    UpDownCounter,
    /// A distribution: how many values fell below each bound, how many there were, and their sum.
    Histogram,
}

impl Kind {
    /// Returns the type that Prometheus has for it: `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::UpDownCounter => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The unit of a metric's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Things that are counted: requests, spans, lines. Also the unit of what has none.
    Count,
    /// Seconds, with fractions.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share of a whole, from 0 to 1.
    Ratio,
}

impl Unit {
    /// Returns the unit as OpenTelemetry writes it, by the Unified Code for Units of Measure: `s`, `By` or `1`.
    ///
    /// Counts have none: of a gauge in `1` Prometheus makes a ratio.
    #[must_use]
    pub const fn otel(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Ratio => "1",
            Self::Seconds => "s",
            Self::Bytes => "By",
        }
    }

    /// Returns the word that ends the name of a metric with this unit in Prometheus, before `_total`; empty for counts.
    #[must_use]
    pub const fn prometheus(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
        }
    }
}
