//! What both formats have in common: samples.

use std::fmt::{self, Display, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Histogram;
use crate::cells::Distribution;
use crate::exemplar::Exemplar;
use crate::family::Instrument;

/// Appends the samples of one series, with exemplars where the format has them.
pub(super) fn samples(
    name: &str,
    labels: &str,
    instrument: &Instrument,
    with_exemplars: bool,
    text: &mut String,
) {
    match instrument {
        Instrument::Counter(counter) => whole(name, "", labels, counter.value(), text),
        Instrument::Gauge(gauge) => real(name, "", labels, gauge.value(), text),
        Instrument::UpDownCounter(counter) => whole(name, "", labels, counter.value(), text),
        Instrument::Histogram(histogram) => {
            // Read before the exemplars: a bucket has had its exemplar's value at least.
            let read = histogram.read();
            let exemplars = if with_exemplars {
                histogram.bucket_exemplars()
            } else {
                Vec::new()
            };
            of_histogram(name, labels, histogram, read, &exemplars, text);
        }
    }
}

/// Appends one sample that is a real number.
fn real(name: &str, part: &str, labels: &str, value: f64, text: &mut String) {
    series(name, part, labels, text);
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}", Real(value));
}

/// Appends one sample that is a time.
pub(super) fn stamp(name: &str, labels: &str, at: SystemTime, text: &mut String) {
    series(name, "", labels, text);
    time(at, text);
    text.push('\n');
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
fn of_histogram(
    name: &str,
    labels: &str,
    histogram: &Histogram,
    Distribution { buckets, sum }: Distribution,
    exemplars: &[Option<Exemplar>],
    text: &mut String,
) {
    // Written once, and copied from line to line.
    let start = text.len();
    for part in [name, "_bucket{", labels] {
        text.push_str(part);
    }
    if !labels.is_empty() {
        text.push(',');
    }
    let beginning = start..text.len();
    let mut number = itoa::Buffer::new();
    let mut count = 0_u64;
    let all = histogram.bucket_ends().iter().zip(buckets);
    for (bucket, (limit, values)) in all.enumerate() {
        count += values;
        if bucket > 0 {
            text.extend_from_within(beginning.clone());
        }
        text.push_str(limit);
        text.push_str(number.format(count));
        if let Some(Some(exemplar)) = exemplars.get(bucket)
            && values > 0
        {
            of_exemplar(exemplar, text);
        }
        text.push('\n');
    }
    real(name, "_sum", labels, sum, text);
    whole(name, "_count", labels, count, text);
}

/// Appends an exemplar behind the value of its bucket.
fn of_exemplar(exemplar: &Exemplar, text: &mut String) {
    text.push_str(" # ");
    exemplar.labels(text);
    let _ = write!(text, " {} ", Real(exemplar.value));
    time(exemplar.time, text);
}

/// Appends a time as seconds since 1970, to the millisecond. A clock before that reads as 1970.
fn time(time: SystemTime, text: &mut String) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut number = itoa::Buffer::new();
    text.push_str(number.format(since.as_secs()));
    text.push('.');
    // Three digits, whatever they are.
    text.push_str(&number.format(1_000 + since.subsec_millis())[1..]);
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
