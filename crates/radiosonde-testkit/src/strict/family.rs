//! What a text says.

use std::collections::{BTreeMap, BTreeSet};

use super::Format;

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// The samples of one name, and what is said of them.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// The name that the comments give.
    pub name: String,
    /// The type, as it is written.
    pub kind: String,
    /// The description without its escapes; empty where there is none.
    pub help: String,
    /// The unit; empty where there is none.
    pub unit: String,
    /// The samples in the order of the text, at least one.
    pub samples: Vec<Sample>,
}

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// The name, with the suffix of its part.
    pub name: String,
    /// The labels without their escapes.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// The exemplar, which only OpenMetrics has.
    pub exemplar: Option<Exemplar>,
}

/// An example of what a sample counts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// The labels without their escapes.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// When it was, in seconds since 1970.
    pub time: Option<f64>,
}

/// Returns all samples by name and labels, without those that say when a series began: what any format says of the
/// same recordings.
///
/// Limits of buckets are spelled alike, `1.0` as `1`.
#[must_use]
pub fn samples(families: &[Family]) -> BTreeMap<(String, Labels), f64> {
    let samples = families.iter().flat_map(|family| {
        let created = |sample: &&Sample| sample.name != format!("{}_created", family.name);
        family.samples.iter().filter(created)
    });
    samples
        .map(|sample| {
            (
                (sample.name.clone(), comparable(&sample.labels)),
                sample.value,
            )
        })
        .collect()
}

impl Family {
    /// Says whether a sample of this family may have this name.
    pub(super) fn has_part(&self, format: Format, name: &str) -> bool {
        let part = name.strip_prefix(&self.name);
        part.is_some_and(|part| self.parts(format).contains(&part))
    }

    /// Returns the names that no other family may have among its own: that of the family, and those of its parts.
    pub(super) fn names(&self, format: Format) -> BTreeSet<String> {
        let parts = self.parts(format).iter().chain(&[""]);
        parts.map(|part| format!("{}{part}", self.name)).collect()
    }

    /// Returns what the names of samples end in after that of the family.
    fn parts(&self, format: Format) -> &'static [&'static str] {
        match (format, self.kind.as_str()) {
            (Format::Text, "histogram") => &["_bucket", "_sum", "_count"],
            (Format::OpenMetrics, "histogram") => &["_bucket", "_sum", "_count", "_created"],
            (Format::OpenMetrics, "counter") => &["_total", "_created"],
            _ => &[""],
        }
    }

    /// Says what is wrong with the values of a family that is complete.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.kind.is_empty() || self.samples.is_empty() {
            return Err(format!("`{}` has no type or no samples", self.name));
        }
        match self.kind.as_str() {
            "counter"
                if self
                    .samples
                    .iter()
                    .any(|sample| sample.value.is_nan() || sample.value < 0.0) =>
            {
                Err(format!("`{}` counts down", self.name))
            }
            "histogram" => self.check_histograms(),
            _ => Ok(()),
        }
    }

    fn check_histograms(&self) -> Result<(), String> {
        let mut seen: Vec<Labels> = Vec::new();
        for series in self
            .samples
            .chunk_by(|a, b| without_limit(a) == without_limit(b))
        {
            let labels = without_limit(&series[0]);
            if seen.contains(&labels) {
                return Err(format!("`{}` with {labels:?} is in two pieces", self.name));
            }
            check_histogram(&self.name, series)
                .map_err(|wrong| format!("`{}` with {labels:?}: {wrong}", self.name))?;
            seen.push(labels);
        }
        Ok(())
    }
}

fn check_histogram(name: &str, series: &[Sample]) -> Result<(), String> {
    let part = |suffix: &str| {
        let name = format!("{name}{suffix}");
        series.iter().filter(move |sample| sample.name == name)
    };
    let (mut last_limit, mut last_count) = (f64::NEG_INFINITY, 0.0);
    for bucket in part("_bucket") {
        let limit = bucket.labels.get("le").and_then(|limit| limit.parse().ok());
        let limit: f64 = limit.ok_or("a bucket without a limit")?;
        if limit.partial_cmp(&last_limit) != Some(std::cmp::Ordering::Greater) {
            return Err(format!("limit {limit} after {last_limit}"));
        }
        if bucket.value < last_count || bucket.value.fract() != 0.0 {
            return Err(format!("{} values after {last_count}", bucket.value));
        }
        (last_limit, last_count) = (limit, bucket.value);
    }
    let count: Vec<_> = part("_count").map(|sample| sample.value).collect();
    match (last_limit, count.as_slice(), part("_sum").count()) {
        (f64::INFINITY, [count], 1) if last_count.to_bits() == count.to_bits() => Ok(()),
        _ => Err(format!(
            "{last_count} values up to {last_limit}, counts {count:?}, or no sum"
        )),
    }
}

fn without_limit(sample: &Sample) -> Labels {
    let mut labels = sample.labels.clone();
    labels.remove("le");
    labels
}

fn comparable(labels: &Labels) -> Labels {
    let mut labels = labels.clone();
    if let Some(limit) = labels.get_mut("le")
        && let Ok(number) = limit.parse::<f64>()
    {
        *limit = number.to_string();
    }
    labels
}
