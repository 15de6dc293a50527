//! The Prometheus protobuf format: messages of `io.prometheus.client`, each with its length before it.
//!
//! It alone can say what an exponential histogram holds. Prometheus asks for it first when it knows native histograms.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use radiosonde_catalog::Kind;

use super::wire::Message;
use crate::canonical::labels_of;
use crate::exemplar::{Exemplar, SPAN_ID, TRACE_ID};
use crate::exponential::{Exponential, ExponentialBuckets};
use crate::family::{Families, Family, Instrument, Series};
use crate::{Histogram, canonical};

pub(crate) fn render(families: &Families, out: &mut Vec<u8>) {
    let recorded = families
        .iter()
        .filter_map(|(name, family)| Some((name, family, family.kind?)));
    for (name, family, kind) in recorded {
        Message::delimited(out, |message| metric_family(name, family, kind, message));
    }
}

fn metric_family(name: &str, family: &Family, kind: Kind, message: &mut Message<'_>) {
    message.string(1, name);
    if !family.help.is_empty() {
        message.string(2, &family.help);
    }
    message.unsigned(3, type_of(kind));
    for (labels, series) in &family.series {
        message.message(4, |message| metric(labels, series, kind, message));
    }
    if let Some(unit) = canonical::unit_in(name, family.unit) {
        message.string(5, unit);
    }
}

/// The number of a kind in the enumeration `MetricType`.
fn type_of(kind: Kind) -> u64 {
    match kind {
        Kind::Gauge | Kind::UpDownCounter => 1,
        Kind::Histogram => 4,
        // A counter; there is no other kind.
        _ => 0,
    }
}

fn metric(labels: &str, series: &Series, kind: Kind, message: &mut Message<'_>) {
    for (name, value) in labels_of(labels) {
        message.message(1, |pair| label_pair(name, &value, pair));
    }
    let created = series.created;
    match &series.instrument {
        Instrument::Histogram(of) => message.message(7, |message| histogram(of, created, message)),
        Instrument::Counter(of) => counter(real(of.value()), created, message),
        Instrument::Gauge(of) if kind == Kind::Counter => counter(of.value(), created, message),
        Instrument::Gauge(of) => message.message(2, |gauge| gauge.double(1, of.value())),
        Instrument::UpDownCounter(of) => {
            #[expect(
                clippy::cast_precision_loss,
                reason = "the format has no whole numbers here"
            )]
            let value = of.value() as f64;
            message.message(2, |gauge| gauge.double(1, value));
        }
    }
}

fn counter(total: f64, created: SystemTime, message: &mut Message<'_>) {
    message.message(3, |counter| {
        counter.double(1, total);
        counter.message(3, |message| timestamp(created, message));
    });
}

fn histogram(histogram: &Histogram, created: SystemTime, message: &mut Message<'_>) {
    match histogram.exponential() {
        Some(read) => native(&read, &histogram.exemplars(), message),
        None => classic(histogram, message),
    }
    message.message(15, |message| timestamp(created, message));
}

/// Writes the buckets with the limits that they were given.
fn classic(histogram: &Histogram, message: &mut Message<'_>) {
    let read = histogram.read();
    // After the counts: a bucket has had its exemplar's value at least.
    let exemplars = histogram.exemplars();
    message.unsigned(1, read.count());
    message.double(2, read.sum);
    let limits = histogram.limits().iter().copied().chain([f64::INFINITY]);
    let mut count = 0;
    for (bucket, (limit, values)) in limits.zip(read.buckets).enumerate() {
        count += values;
        message.message(3, |message| {
            message.unsigned(1, count);
            message.double(2, limit);
            let exemplar = exemplars.get(bucket).copied().flatten();
            if let Some(exemplar) = exemplar.filter(|_| values > 0) {
                message.message(3, |message| self::exemplar(&exemplar, message));
            }
        });
    }
}

/// Writes the buckets that followed the values.
fn native(read: &Exponential, exemplars: &[Option<Exemplar>], message: &mut Message<'_>) {
    message.unsigned(1, read.count());
    message.double(2, read.sum);
    message.zigzag(5, i64::from(read.scale));
    message.double(6, Exponential::ZERO_THRESHOLD);
    message.unsigned(7, read.zeros);
    buckets(&read.negative, 9, message);
    buckets(&read.positive, 12, message);
    if read.positive.counts.is_empty() && read.negative.counts.is_empty() {
        // A span of nothing tells that it is a native histogram.
        message.message(12, |span| span.zigzag(1, 0));
    }
    for exemplar in exemplars.iter().flatten() {
        message.message(16, |message| self::exemplar(exemplar, message));
    }
}

/// Writes the buckets of one sign: a span in the field `spans`, and in the next one their counts, each but the first as
/// what it is more than the one before.
fn buckets(buckets: &ExponentialBuckets, spans: u32, message: &mut Message<'_>) {
    if buckets.counts.is_empty() {
        return;
    }
    message.message(spans, |span| {
        // Prometheus counts from one more.
        span.zigzag(1, i64::from(buckets.offset) + 1);
        span.unsigned(2, buckets.counts.len() as u64);
    });
    let mut before = 0;
    for count in &buckets.counts {
        message.zigzag(spans + 1, count.wrapping_sub(before).cast_signed());
        before = *count;
    }
}

fn exemplar(exemplar: &Exemplar, message: &mut Message<'_>) {
    let Exemplar { value, time, span } = exemplar;
    message.message(1, |pair| label_pair(TRACE_ID, &span.trace_id(), pair));
    message.message(1, |pair| label_pair(SPAN_ID, &span.span_id(), pair));
    message.double(2, *value);
    message.message(3, |message| timestamp(*time, message));
}

fn label_pair(name: &str, value: &str, pair: &mut Message<'_>) {
    pair.string(1, name);
    pair.string(2, value);
}

fn timestamp(time: SystemTime, message: &mut Message<'_>) {
    let since: Duration = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    message.signed(1, since.as_secs().cast_signed());
    message.signed(2, i64::from(since.subsec_nanos()));
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the format has no whole numbers here"
)]
fn real(number: u64) -> f64 {
    number as f64
}
