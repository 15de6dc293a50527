//! What both formats have in common: samples.

use std::fmt::{self, Display, Write as _};

use crate::Histogram;
use crate::cells::Distribution;
use crate::registry::Instrument;

/// What the samples of a histogram end in, in either format. No other metric may be called so.
pub(crate) const HISTOGRAM_PARTS: [&str; 4] = ["_bucket", "_sum", "_count", "_created"];

/// Appends the samples of one series.
pub(super) fn samples(name: &str, labels: &str, instrument: &Instrument, text: &mut String) {
    match instrument {
        Instrument::Counter(counter) => sample(name, "", labels, counter.value(), text),
        Instrument::Gauge(gauge) => sample(name, "", labels, Real(gauge.value()), text),
        Instrument::UpDownCounter(counter) => sample(name, "", labels, counter.value(), text),
        Instrument::Histogram(histogram) => of_histogram(name, labels, histogram, text),
    }
}

/// Appends one sample.
pub(super) fn sample(name: &str, part: &str, labels: &str, value: impl Display, text: &mut String) {
    // Writing to a `String` cannot fail; that goes for every `write!` here.
    let _ = match labels {
        "" => writeln!(text, "{name}{part} {value}"),
        labels => writeln!(text, "{name}{part}{{{labels}}} {value}"),
    };
}

fn of_histogram(name: &str, labels: &str, histogram: &Histogram, text: &mut String) {
    let Distribution { buckets, sum } = histogram.read();
    let comma = if labels.is_empty() { "" } else { "," };
    let limits = histogram.limits().iter().copied().chain([f64::INFINITY]);
    let mut count = 0;
    for (limit, values) in limits.zip(buckets) {
        count += values;
        let _ = writeln!(
            text,
            "{name}_bucket{{{labels}{comma}le=\"{}\"}} {count}",
            Limit(limit)
        );
    }
    sample(name, "_sum", labels, Real(sum), text);
    sample(name, "_count", labels, count, text);
}

/// A value, spelled as Go spells it where Rust does not.
pub(super) struct Real(pub(super) f64);

impl Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value}"),
        }
    }
}

/// A limit of a bucket. It always has a fraction, `le="1.0"`, as OpenMetrics spells it and Prometheus 3 stores it.
struct Limit(f64);

impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() {
            write!(f, "{:?}", self.0)
        } else {
            Real(self.0).fmt(f)
        }
    }
}
