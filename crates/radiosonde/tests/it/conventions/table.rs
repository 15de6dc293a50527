//! A table of attributes, and what is held against it.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// One attribute, as its table has it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) kind: Kind,
    pub(super) example: &'static str,
    pub(super) here: Here,
}

/// How far an attribute is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Required,
    /// Required where this holds.
    If(&'static str),
    Recommended,
    OptIn,
    /// The conventions do not know it.
    Ours,
}

/// What values an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Texts,
    Number,
}

/// What we do about an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Recorded,
    /// Not recorded, for this reason.
    LeftOut(&'static str),
}

/// What something has, and what it should have.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) name: &'static str,
    pub(super) attributes: Vec<KeyValue>,
    /// Values as [`shown`] writes them; `*` stands for any.
    pub(super) expected: Vec<(&'static str, &'static str)>,
}

/// Makes a row of an attribute that is recorded.
pub(super) const fn row(
    name: &'static str,
    level: Level,
    kind: Kind,
    example: &'static str,
) -> Row {
    let here = Here::Recorded;
    Row {
        name,
        level,
        kind,
        example,
        here,
    }
}

/// Makes a row of one that is not.
pub(super) const fn left_out(
    name: &'static str,
    level: Level,
    kind: Kind,
    example: &'static str,
    why: &'static str,
) -> Row {
    let here = Here::LeftOut(why);
    Row {
        name,
        level,
        kind,
        example,
        here,
    }
}

/// Asserts that each story has exactly what it names, in the types of the table; that each has what is required; and that all
/// that is said to be recorded was, in one of them.
#[track_caller]
pub(super) fn conform(table: &[Row], stories: &[Story]) {
    let mut seen = BTreeSet::new();
    for Story {
        name: story,
        attributes,
        expected,
    } in stories
    {
        let mut found = BTreeMap::new();
        for attribute in attributes {
            let row = find(table, &attribute.key);
            let row =
                row.unwrap_or_else(|| panic!("{story}: {} is not in the table", attribute.key));
            assert_eq!(row.here, Here::Recorded, "{story}: {row:?}");
            let value = value(attribute);
            assert_eq!(kind(value), Some(row.kind), "{story}: {attribute:?}");
            assert_eq!(kind_of_example(row), row.kind, "{row:?}");
            seen.insert(row.name);
            let twice = found.insert(attribute.key.as_str(), shown(value));
            assert_eq!(twice, None, "{story} has {} twice", attribute.key);
        }
        let mut wanted: BTreeMap<_, _> = expected.iter().copied().collect();
        for (key, value) in &mut wanted {
            if *value == "*" {
                *value = found.get(key).map_or("*", String::as_str);
            }
        }
        let found: BTreeMap<_, _> = found
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        assert_eq!(found, wanted, "{story}");
        let required = table
            .iter()
            .filter(|row| row.level == Level::Required && row.here == Here::Recorded);
        for row in required {
            assert!(found.contains_key(row.name), "{story} lacks {}", row.name);
        }
    }
    for row in table {
        let is_recorded = row.here == Here::Recorded;
        assert_eq!(is_recorded, seen.contains(row.name), "in no story: {row:?}");
    }
}

/// A name may end in `<key>`, which stands for anything.
fn find<'a>(table: &'a [Row], key: &str) -> Option<&'a Row> {
    table
        .iter()
        .find(|row| match row.name.strip_suffix("<key>") {
            Some(prefix) => key.starts_with(prefix),
            None => row.name == key,
        })
}

fn value(attribute: &KeyValue) -> &Value {
    let value = attribute.value.as_ref();
    value.and_then(|value| value.value.as_ref()).unwrap()
}

fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::StringValue(_) => Some(Kind::Text),
        Value::IntValue(_) => Some(Kind::Number),
        Value::ArrayValue(_) => Some(Kind::Texts),
        _ => None,
    }
}

fn kind_of_example(row: &Row) -> Kind {
    match row.example {
        text if text.starts_with('[') => Kind::Texts,
        // A status code of gRPC or a version may look like a number.
        text if text.parse::<i64>().is_ok() && row.kind == Kind::Number => Kind::Number,
        _ => Kind::Text,
    }
}

/// Writes a value: a text as it is, a list as `[a, b]`.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::ArrayValue(array) => {
            let text = |value: &AnyValue| value.value.as_ref().map(shown).unwrap_or_default();
            let texts: Vec<_> = array.values.iter().map(text).collect();
            format!("[{}]", texts.join(", "))
        }
        other => format!("{other:?}"),
    }
}
