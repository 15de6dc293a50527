//! What happened before something went wrong.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::SystemTime;

use serde::Serialize;

use super::Level;
use super::event::{Values, seconds, word};
use super::fields::Fields;

/// A logged event, for the reports that come after it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Breadcrumb {
    #[serde(serialize_with = "seconds")]
    pub(super) timestamp: SystemTime,
    #[serde(serialize_with = "word")]
    pub(super) level: Level,
    pub(super) category: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub(super) data: Fields,
}

impl Breadcrumb {
    /// Returns about how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let message = self.message.as_ref().map_or(0, String::len);
        size_of::<Self>() + self.category.len() + message + self.data.weight()
    }
}

/// The last ones, oldest first.
#[derive(Debug, Default)]
pub(super) struct Breadcrumbs(VecDeque<Breadcrumb>);

impl Breadcrumbs {
    /// Adds one, and drops the oldest ones past `most`.
    pub(super) fn push(&mut self, breadcrumb: Breadcrumb, most: usize) {
        self.0.push_back(breadcrumb);
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// Returns about how many bytes a copy takes.
    pub(super) fn weight(&self) -> usize {
        self.0.iter().map(Breadcrumb::weight).sum()
    }

    pub(super) fn to_values(&self) -> Values<Breadcrumb> {
        Values(self.0.iter().cloned().collect())
    }
}
