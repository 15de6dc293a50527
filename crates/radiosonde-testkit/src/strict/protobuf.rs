//! The protobuf format, read as the texts are.

use prost::Message as _;

use super::messages::{BucketSpan, Histogram, LabelPair, Metric, MetricFamily};
use super::{Family, Labels, Sample};

/// Reads messages that have their length before them, as families of the samples that the text 0.0.4 has for them.
///
/// A native histogram has one bucket there, without a limit: it is what the buckets of the message add up to.
///
/// # Errors
///
/// Returns what is wrong with the first family that is not what a scraper may rely on.
pub fn parse_protobuf(mut bytes: &[u8]) -> Result<Vec<Family>, String> {
    let mut families: Vec<Family> = Vec::new();
    while !bytes.is_empty() {
        let message = MetricFamily::decode_length_delimited(&mut bytes);
        let family = family(&message.map_err(|error| error.to_string())?)?;
        family.check()?;
        if families.last().is_some_and(|last| last.name >= family.name) {
            return Err(format!(
                "`{}` is out of order, or stands twice",
                family.name
            ));
        }
        families.push(family);
    }
    Ok(families)
}

fn family(message: &MetricFamily) -> Result<Family, String> {
    let kind = match message.kind {
        0 => "counter",
        1 => "gauge",
        4 => "histogram",
        other => return Err(format!("`{}` has the type {other}", message.name)),
    };
    let mut family = Family {
        name: message.name.clone(),
        kind: kind.into(),
        help: message.help.clone(),
        unit: message.unit.clone(),
        samples: Vec::new(),
    };
    for metric in &message.metric {
        let samples = samples(&message.name, kind, metric)?;
        family.samples.extend(samples);
    }
    Ok(family)
}

fn samples(name: &str, kind: &str, metric: &Metric) -> Result<Vec<Sample>, String> {
    let labels =
        labels(&metric.label).ok_or_else(|| format!("a label of `{name}` is there twice"))?;
    let one = |value: f64| vec![sample(name, "", labels.clone(), value)];
    match (kind, metric) {
        (
            "counter",
            Metric {
                counter: Some(number),
                gauge: None,
                histogram: None,
                ..
            },
        )
        | (
            "gauge",
            Metric {
                gauge: Some(number),
                counter: None,
                histogram: None,
                ..
            },
        ) => Ok(one(number.value)),
        (
            "histogram",
            Metric {
                histogram: Some(histogram),
                counter: None,
                gauge: None,
                ..
            },
        ) => of_histogram(name, &labels, histogram),
        _ => Err(format!(
            "`{name}` is a {kind} and has another value: {metric:?}"
        )),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as the text is read")]
fn of_histogram(name: &str, labels: &Labels, histogram: &Histogram) -> Result<Vec<Sample>, String> {
    let buckets: Vec<_> = if histogram.schema.is_some() {
        let count = native_count(histogram);
        let count = count.ok_or_else(|| format!("`{name}` has native buckets that are none"))?;
        vec![(f64::INFINITY, count)]
    } else {
        let buckets = histogram.bucket.iter();
        buckets
            .map(|bucket| (bucket.upper_bound, bucket.cumulative_count))
            .collect()
    };
    let buckets = buckets.into_iter().map(|(limit, count)| {
        let mut labels = labels.clone();
        labels.insert("le".into(), limit.to_string());
        sample(name, "_bucket", labels, count as f64)
    });
    let sum = sample(name, "_sum", labels.clone(), histogram.sample_sum);
    let count = sample(
        name,
        "_count",
        labels.clone(),
        histogram.sample_count as f64,
    );
    Ok(buckets.chain([sum, count]).collect())
}

/// Returns how many values the buckets of a native histogram hold, or `None` when it has other buckets, or such as
/// cannot be.
fn native_count(histogram: &Histogram) -> Option<u64> {
    let negative = values_in(&histogram.negative_span, &histogram.negative_delta);
    let positive = values_in(&histogram.positive_span, &histogram.positive_delta);
    let is_only_native = histogram.bucket.is_empty();
    is_only_native.then_some(histogram.zero_count + negative? + positive?)
}

/// Returns how many values the buckets of one sign hold, or `None` when one holds fewer than none, or there are more or
/// fewer of them than the spans say.
fn values_in(spans: &[BucketSpan], deltas: &[i64]) -> Option<u64> {
    let length: usize = spans.iter().map(|span| span.length as usize).sum();
    let counts = deltas.iter().scan(0_i64, |count, delta| {
        *count += delta;
        Some(u64::try_from(*count).ok())
    });
    (length == deltas.len()).then(|| counts.sum()).flatten()
}

fn sample(name: &str, part: &str, labels: Labels, value: f64) -> Sample {
    Sample {
        name: format!("{name}{part}"),
        labels,
        value,
        exemplar: None,
    }
}

/// Returns the labels by name, or `None` when one is there twice.
fn labels(pairs: &[LabelPair]) -> Option<Labels> {
    let pairs_by_name = pairs
        .iter()
        .map(|pair| (pair.name.clone(), pair.value.clone()));
    let labels: Labels = pairs_by_name.collect();
    (labels.len() == pairs.len()).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(zeros: u64, length: u32, deltas: &[i64]) -> Option<u64> {
        let histogram = Histogram {
            schema: Some(3),
            zero_count: zeros,
            positive_span: vec![BucketSpan { offset: -1, length }],
            positive_delta: deltas.to_vec(),
            ..Histogram::default()
        };
        native_count(&histogram)
    }

    #[test]
    fn native_buckets_add_up_or_are_none() {
        assert_eq!(native(2, 3, &[1, 4, -5]), Some(8)); // 2, and 1 + 5 + 0
        assert_eq!(native(0, 0, &[]), Some(0));
        assert_eq!(native(0, 2, &[1]), None);
        assert_eq!(native(0, 1, &[-1]), None);
    }
}
