//! Whatever is recorded, in every format: the body of the fuzz target, which `fuzz/` and the tests share.
//!
//! What a text must say is worked out here from the recordings alone. Which of them the registry took is read from the
//! text, and held to its account: what it did not take, it must have counted as refused.

use std::collections::BTreeMap;

use radiosonde_metrics::{Bounds, Exposition, Registry, RegistryOptions, SampledSpan};
use radiosonde_testkit::recordings::{Change, Kind, Recording, from_bytes};
use radiosonde_testkit::strict::{
    Exemplar, Family, Format, Labels, parse, parse_protobuf, samples,
};

const SPAN: SampledSpan = SampledSpan::new([0x0a; 16], [0xf0; 8]);

/// Records what the bytes say, and panics when one of the texts is not what it must be.
pub(crate) fn run(bytes: &[u8]) {
    let recordings = from_bytes(bytes);
    let options = RegistryOptions::new()
        .bounds_by_prefix(NATIVE, Bounds::exponential())
        .exemplars(|| Some(SPAN));
    let registry = Registry::with_options(options);
    for recording in &recordings {
        recording.play(&registry);
    }
    let text = read(Format::Text, &registry.render());
    let open_metrics = registry.render_as(Exposition::OpenMetrics);
    let open_metrics = String::from_utf8(open_metrics).expect("a text");
    let open_metrics = read(Format::OpenMetrics, &open_metrics);
    let protobuf = registry.render_as(Exposition::Protobuf);
    let protobuf = parse_protobuf(&protobuf).unwrap_or_else(|wrong| panic!("{wrong}"));
    // Of a native histogram the last bucket of a text is the sum of those in the message.
    for other in [&open_metrics, &protobuf] {
        assert_eq!(samples(&text), samples(other));
        assert_eq!(helps(&text), helps(other));
    }
    for exemplar in exemplars(&open_metrics) {
        assert_eq!(exemplar.labels["trace_id"], SPAN.trace_id());
    }
    let (own, recorded): (Vec<_>, Vec<_>) = text
        .into_iter()
        .partition(|family| family.name.starts_with("radiosonde_"));
    let expected = Expected::of(&recordings, &recorded);
    expected.assert_families(&recorded);
    expected.assert_account(&own);
}

fn read(format: Format, text: &str) -> Vec<Family> {
    parse(format, text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}

fn exemplars(families: &[Family]) -> impl Iterator<Item = &Exemplar> {
    let samples = families.iter().flat_map(|family| &family.samples);
    samples.filter_map(|sample| sample.exemplar.as_ref())
}

/// Returns each description by the name of the first sample, which is the same in every format.
fn helps(families: &[Family]) -> BTreeMap<&str, &str> {
    let families = families.iter();
    families
        .map(|family| (family.samples[0].name.as_str(), family.help.as_str()))
        .collect()
}

/// What the text must say.
#[derive(Debug, Default)]
struct Expected {
    series: BTreeMap<(String, Labels), State>,
    helps: BTreeMap<String, String>,
    /// How many were refused for their names and labels.
    refused: u64,
    /// How many values were refused.
    not_numbers: u64,
}

/// What is in a series after all that was recorded into it.
#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    total: u64,
    value: f64,
    /// The limits of the buckets, and how many values are counted up to each.
    buckets: Vec<(f64, u64)>,
}

impl Expected {
    fn of(recordings: &[Recording], families: &[Family]) -> Self {
        let mut expected = Self::default();
        for recording in recordings {
            expected.add(recording, families);
        }
        expected
    }

    fn add(&mut self, recording: &Recording, families: &[Family]) {
        let name = spelled(&recording.name, ":");
        if let Change::Describe(_, _, help) = &recording.change {
            match self.helps.get(&name) {
                _ if name.is_empty() => self.refused += 1,
                Some(earlier) if !earlier.is_empty() => {}
                _ => drop(self.helps.insert(name, help.clone())),
            }
            return;
        }
        let labels = labels(recording).filter(|labels| has(families, &name, labels, recording));
        let Some(labels) = labels else {
            self.refused += 1;
            return;
        };
        let buckets = match recording.change {
            Change::Record(_) => limits(&name).map(|limit| (limit, 0)).collect(),
            _ => Vec::new(),
        };
        let state = self.series.entry((name, labels)).or_insert_with(|| State {
            buckets,
            ..State::default()
        });
        if !state.apply(&recording.change) {
            self.not_numbers += 1;
        }
    }

    fn assert_families(&self, families: &[Family]) {
        let mut read = BTreeMap::new();
        for family in families {
            let help = self.helps.get(&family.name).map_or("", String::as_str);
            assert_eq!(family.help, help, "{}", family.name);
            for sample in &family.samples {
                let mut labels = sample.labels.clone();
                labels.remove("le");
                let state: &mut State = read.entry((family.name.clone(), labels)).or_default();
                match sample.name.strip_prefix(&family.name) {
                    Some("_bucket") => {
                        let limit = sample.labels["le"].parse().unwrap_or(f64::NAN);
                        state.buckets.push((limit, whole(sample.value)));
                    }
                    Some("_count") => state.total = whole(sample.value),
                    Some("") if family.kind == "counter" => state.total = whole(sample.value),
                    _ => state.value = sample.value,
                }
            }
        }
        let expected = self.series.iter().map(|(series, state)| {
            let mut state = state.clone();
            // The text is exact, and the parser is not above 2^53.
            state.total = whole(real(state.total));
            (series.clone(), state)
        });
        assert_eq!(read, expected.collect());
    }

    fn assert_account(&self, own: &[Family]) {
        let counted = |is_counted: fn(&str) -> bool| {
            let refused = own
                .iter()
                .find(|family| family.name == "radiosonde_metrics_refused_total");
            let counters = refused.into_iter().flat_map(|family| &family.samples);
            counters
                .filter(|sample| is_counted(&sample.labels["reason"]))
                .map(|sample| whole(sample.value))
                .sum::<u64>()
        };
        assert_eq!(counted(|reason| reason != "not_a_number"), self.refused);
        assert_eq!(counted(|reason| reason == "not_a_number"), self.not_numbers);
    }
}

impl State {
    /// Takes over a value, or returns false for one that must be refused.
    fn apply(&mut self, change: &Change) -> bool {
        match *change {
            Change::Increment(count) => self.total = self.total.wrapping_add(count),
            Change::Absolute(total) => self.total = self.total.max(total),
            Change::Set(value) if !value.is_nan() => self.value = value,
            Change::Add(value) if value.is_finite() => self.value += value,
            Change::Subtract(value) if value.is_finite() => self.value -= value,
            Change::Record(value) if value.is_finite() => {
                self.total += 1;
                self.value += value;
                let above = self.buckets.iter_mut().filter(|(limit, _)| value <= *limit);
                above.for_each(|(_, count)| *count += 1);
            }
            _ => return false,
        }
        true
    }
}

/// Says whether there is a series of this kind.
fn has(families: &[Family], name: &str, labels: &Labels, recording: &Recording) -> bool {
    let kind = recording.change.kind();
    let mut family = families
        .iter()
        .filter(|family| family.name == name && family.kind == kind.as_str());
    let part = if kind == Kind::Histogram {
        "_count"
    } else {
        ""
    };
    family.any(|family| {
        let mut samples = family.samples.iter();
        samples.any(|sample| sample.name == format!("{name}{part}") && sample.labels == *labels)
    })
}

/// Returns the labels as a text must have them, or `None` when no text may have them.
fn labels(recording: &Recording) -> Option<Labels> {
    let mut labels = Labels::new();
    for (name, value) in &recording.labels {
        let name = spelled(name, "");
        let is_reserved = ["", "le", "quantile", "otel_metric_overflow"].contains(&name.as_str());
        if is_reserved || name.starts_with("__") || labels.insert(name, value.clone()).is_some() {
            return None;
        }
    }
    // Without a value it is no label, once it is known not to be there twice.
    labels.retain(|_, value| !value.is_empty());
    Some(labels)
}

/// Spells a name with letters, digits, `_` and what is `also` allowed, not starting with a digit.
fn spelled(raw: &str, also: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    let name: String = raw
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    match name.chars().next() {
        Some('0'..='9') => format!("_{name}"),
        _ => name,
    }
}

/// Returns the limits of the buckets in a text, which are those by default, or none.
fn limits(name: &str) -> impl Iterator<Item = f64> {
    let limits: &[f64] = if name.starts_with(NATIVE) {
        &[]
    } else {
        &[
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
        ]
    };
    limits.iter().copied().chain([f64::INFINITY])
}

/// How the names of histograms begin whose buckets follow their values: one of the stems that names are made of.
const NATIVE: &str = "jobs";

#[expect(clippy::cast_precision_loss, reason = "as the text is read")]
fn real(total: u64) -> f64 {
    total as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the parser takes no other counts"
)]
fn whole(count: f64) -> u64 {
    count as u64
}
