//! Named values, as whoever logs gives them.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Named values, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(super) fn with_room_for(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds a value, or replaces the one of this name.
    pub(super) fn insert(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Value)> {
        self.0.iter_mut().map(|(name, value)| (*name, value))
    }

    /// Returns about how many bytes they take.
    pub(super) fn weight(&self) -> usize {
        let texts = self.values().filter_map(Value::as_str).map(str::len);
        self.0.len() * size_of::<(&str, Value)>() + texts.sum::<usize>()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_last_value_that_it_was_given() {
        let mut fields = Fields::default();
        for (name, value) in [("order", 7), ("step", 1), ("order", 8)] {
            fields.insert(name, value);
        }
        let text = serde_json::to_string(&fields).unwrap();
        assert_eq!(text, r#"{"order":8,"step":1}"#);
        assert_eq!(fields.len(), 2);
    }
}
