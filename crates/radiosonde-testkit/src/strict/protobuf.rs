//! The protobuf format, read as the texts are.

use prost::Message as _;

use super::messages::{Histogram, LabelPair, Metric, MetricFamily};
use super::{Family, Labels, Sample};

/// Reads messages that have their length before them, as families of the samples that the text 0.0.4 has for them.
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
        ) => Ok(of_histogram(name, &labels, histogram)),
        _ => Err(format!(
            "`{name}` is a {kind} and has another value: {metric:?}"
        )),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as the text is read")]
fn of_histogram(name: &str, labels: &Labels, histogram: &Histogram) -> Vec<Sample> {
    let buckets = histogram.bucket.iter().map(|bucket| {
        let mut labels = labels.clone();
        labels.insert("le".into(), bucket.upper_bound.to_string());
        sample(name, "_bucket", labels, bucket.cumulative_count as f64)
    });
    let sum = sample(name, "_sum", labels.clone(), histogram.sample_sum);
    let count = sample(
        name,
        "_count",
        labels.clone(),
        histogram.sample_count as f64,
    );
    buckets.chain([sum, count]).collect()
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
