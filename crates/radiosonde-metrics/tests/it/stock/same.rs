//! Any recordings that the stock exporter does not spoil.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use proptest::prelude::*;
use radiosonde_testkit::recordings::{Change, FRAGMENTS, Kind, NUMBERS, Recording};
use radiosonde_testkit::strict::{Family, Format, Labels, parse, samples};

use super::{ours, theirs};

proptest! {
    #[test]
    fn both_texts_say_the_same(recordings in recordings(), many_limits: bool) {
        let recordings = Unspoiled::among(recordings);
        // Few limits and many are searched in different ways.
        let bounds = if many_limits {
            (-20..30).map(|limit| f64::from(limit) / 4.0).collect()
        } else {
            vec![-1.5, 0.0, 0.005, 0.25, 1.0, 10.0]
        };
        let (ours, theirs) = (ours(&recordings, &bounds), theirs(&recordings, &bounds));
        let read = |text: &str| {
            let families = parse(Format::Text, text);
            families.map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{text}")))
        };
        let (mut ours, theirs) = (read(&ours)?, read(&theirs)?);
        ours.retain(|family| !family.name.starts_with("radiosonde_"));
        prop_assert_eq!(samples(&ours), samples(&theirs));
        prop_assert_eq!(comments(&ours), comments(&theirs));
    }
}

/// Returns type and description of each family by name.
fn comments(families: &[Family]) -> BTreeMap<&str, (&str, &str)> {
    let families = families.iter();
    families
        .map(|family| {
            (
                family.name.as_str(),
                (family.kind.as_str(), family.help.as_str()),
            )
        })
        .collect()
}

/// Recordings that make up a series now and then, and names that collide.
///
/// There are fewer than 64, because from there on the stock exporter adds up a histogram's sum in another order.
fn recordings() -> impl Strategy<Value = Vec<Recording>> {
    let recording = (
        name(),
        prop::collection::vec((name(), value()), 0..3),
        change(),
    );
    let recording = recording.prop_map(|(name, labels, change)| {
        let labels = labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        Recording::new(&name, labels, change)
    });
    prop::collection::vec(recording, 0..60)
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(jobs|wait|größe|a b|:x)(_total|_sum|_bucket|_count|_created|)",
        2 => prop::sample::select(&FRAGMENTS[..]).prop_map(str::to_owned),
        1 => ".{0,4}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]",
        2 => "[\\\\\"\n\r,={}# aé]{0,6}",
        1 => any::<String>(),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let number = || prop_oneof![prop::sample::select(&NUMBERS[..]), -5.0..20.0, any::<f64>(),];
    let count = || prop_oneof![0..100_u64, any::<u64>()];
    let kind = prop::sample::select(vec![Kind::Counter, Kind::Gauge, Kind::Histogram]);
    prop_oneof![
        1 => count().prop_map(Change::Increment),
        1 => count().prop_map(Change::Absolute),
        1 => number().prop_map(Change::Set),
        1 => number().prop_map(Change::Add),
        1 => number().prop_map(Change::Subtract),
        3 => number().prop_map(Change::Record),
        1 => (kind, any::<bool>(), value())
            .prop_map(|(kind, in_seconds, help)| Change::Describe(kind, in_seconds, help)),
    ]
}

/// What tells which recordings the stock exporter spoils: those that went before.
///
/// Each rule says what it does otherwise, and a test of `quirks` shows it.
#[derive(Debug, Default)]
struct Unspoiled {
    /// As they are spelled, and as they were recorded.
    names: BTreeMap<String, String>,
    kinds: BTreeMap<String, Kind>,
    helps: BTreeMap<String, String>,
    series: BTreeMap<(String, Labels), Vec<(String, String)>>,
}

impl Unspoiled {
    fn among(mut recordings: Vec<Recording>) -> Vec<Recording> {
        let mut before = Self::default();
        recordings.retain(|recording| is_unspoiled(recording) && before.admit(recording));
        recordings
    }

    fn admit(&mut self, recording: &Recording) -> bool {
        let name = spelled(&recording.name, ":");
        let labels = recording.labels.iter();
        let labels = labels.map(|(name, value)| (spelled(name, ""), value.clone()));
        let series = (name.clone(), labels.collect());
        let mut recorded = recording.labels.clone();
        recorded.sort();
        // Of two names or labels that are spelled alike, each has its own series, and one is lost or both are written.
        if !is_first_or_same(&mut self.names, name.clone(), &recording.name)
            || !is_first_or_same(&mut self.series, series, &recorded)
        {
            return false;
        }
        match &recording.change {
            // The last description before the first text counts, and not the first.
            Change::Describe(_, _, help) => is_first_or_same(&mut self.helps, name, help),
            change => {
                let kind = change.kind();
                // The parts of a histogram are written beside metrics that are called so.
                !self.is_part(&name, kind)
                    // A name has a family for each kind.
                    && is_first_or_same(&mut self.kinds, name, &kind)
            }
        }
    }

    fn is_part(&self, name: &str, kind: Kind) -> bool {
        PARTS.iter().any(|part| {
            let whole = name.strip_suffix(part);
            whole.is_some_and(|whole| self.kinds.get(whole) == Some(&Kind::Histogram))
                || kind == Kind::Histogram && self.kinds.contains_key(&format!("{name}{part}"))
        })
    }
}

/// Says whether the stock exporter writes a recording as it was made, whatever others there are.
fn is_unspoiled(recording: &Recording) -> bool {
    // A name that is empty is written as nothing, and a digit at its start is replaced.
    let is_name = |name: &str| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    let mut names = Vec::new();
    let labels = recording.labels.iter().all(|(name, value)| {
        let name = spelled(name, "");
        // A label with a reserved name is written beside the one that has the name by right.
        let is_reserved = ["le", "quantile", "otel_metric_overflow"].contains(&name.as_str())
            || name.starts_with("__");
        // Two labels that are spelled alike are both written, or one is lost.
        let is_first = !names.contains(&name);
        let is_label = is_name(&name) && !is_reserved && is_first;
        names.push(name);
        // A label without a value is written, although it makes no other series.
        is_label && !value.is_empty() && is_unspoiled_text(value)
    });
    let change = match &recording.change {
        Change::Describe(_, _, help) => is_unspoiled_text(help),
        // What is not a number is taken, and stays in the sum for ever.
        Change::Record(value) | Change::Add(value) | Change::Subtract(value) => value.is_finite(),
        Change::Set(value) => !value.is_nan(),
        Change::Increment(_) | Change::Absolute(_) => true,
    };
    // The suffix of a part is left out where the name of a histogram ends in it already.
    let has_parts = recording.change.kind() != Kind::Histogram
        || !PARTS.iter().any(|part| recording.name.ends_with(part));
    is_name(&recording.name)
        && recording.labels.iter().all(|(name, _)| is_name(name))
        && labels
        && change
        && has_parts
}

/// Two backslashes are written as one, one before a quote is lost, and one before a line feed comes after it.
fn is_unspoiled_text(text: &str) -> bool {
    !["\\\\", "\\\"", "\\\n"]
        .iter()
        .any(|escape| text.contains(escape))
}

fn is_first_or_same<K: Ord, V: PartialEq + Clone>(
    known: &mut BTreeMap<K, V>,
    key: K,
    value: &V,
) -> bool {
    match known.entry(key) {
        Entry::Occupied(entry) => entry.get() == value,
        Entry::Vacant(entry) => {
            entry.insert(value.clone());
            true
        }
    }
}

/// Spells a name that does not start with a digit.
fn spelled(name: &str, also: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    name.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}

/// What the samples of a histogram end in. `_created` is one only in OpenMetrics, and refused in either format.
const PARTS: [&str; 4] = ["_bucket", "_sum", "_count", "_created"];
