//! What both formats have in common: samples.

use std::fmt::{self, Display, Write as _};

use crate::Histogram;
use crate::cells::Distribution;
use crate::family::Instrument;

/// Appends the samples of one series.
pub(super) fn samples(name: &str, labels: &str, instrument: &Instrument, text: &mut String) {
    match instrument {
        Instrument::Counter(counter) => whole(name, "", labels, counter.value(), text),
        Instrument::Gauge(gauge) => real(name, "", labels, gauge.value(), text),
        Instrument::UpDownCounter(counter) => whole(name, "", labels, counter.value(), text),
        Instrument::Histogram(histogram) => of_histogram(name, labels, histogram, text),
    }
}

/// Appends one sample that is a real number.
pub(super) fn real(name: &str, part: &str, labels: &str, value: f64, text: &mut String) {
    series(name, part, labels, text);
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}", Real(value));
}

fn whole(name: &str, part: &str, labels: &str, value: impl itoa::Integer, text: &mut String) {
    series(name, part, labels, text);
    text.push_str(itoa::Buffer::new().format(value));
    text.push('\n');
}

/// Appends what stands before the value.
fn series(name: &str, part: &str, labels: &str, text: &mut String) {
    text.push_str(name);
    text.push_str(part);
    if !labels.is_empty() {
        text.push('{');
        text.push_str(labels);
        text.push('}');
    }
    text.push(' ');
}

// No formatting machinery here: these are nearly all lines of an exposition.
fn of_histogram(name: &str, labels: &str, histogram: &Histogram, text: &mut String) {
    let Distribution { buckets, sum } = histogram.read();
    let comma = if labels.is_empty() { "" } else { "," };
    let mut number = itoa::Buffer::new();
    let mut count = 0_u64;
    for (limit, values) in histogram.bucket_labels().iter().zip(buckets) {
        count += values;
        for part in [
            name,
            "_bucket{",
            labels,
            comma,
            limit,
            "} ",
            number.format(count),
            "\n",
        ] {
            text.push_str(part);
        }
    }
    real(name, "_sum", labels, sum, text);
    whole(name, "_count", labels, count, text);
}

/// A value, spelled as Go spells it where Rust does not.
struct Real(f64);

impl Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value}"),
        }
    }
}
