//! What is known of one metric.

/// One metric: what it is called, what it measures and how it is told apart.
///
/// Values of this type are constants of this crate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    pub(crate) name: &'static str,
    pub(crate) otel_name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) labels: &'static [&'static str],
    pub(crate) bounds: &'static [f64],
    pub(crate) help: &'static str,
}

impl Metric {
    /// Returns the name as Prometheus spells it: snake case, with the unit as its last word, counters in `_total`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name as OpenTelemetry spells it: that of the semantic conventions where they have one, else one of the
    /// same kind.
    #[must_use]
    pub const fn otel_name(&self) -> &'static str {
        self.otel_name
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
    /// Returns the unit as OpenTelemetry writes it, by the Unified Code for Units of Measure: `1`, `s` or `By`.
    #[must_use]
    pub const fn otel(self) -> &'static str {
        match self {
            Self::Count | Self::Ratio => "1",
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
