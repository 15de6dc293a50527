//! What a dashboard consists of.

use super::panel::Panel;

/// One dashboard: rows of panels about one subject.
#[derive(Debug, Clone)]
pub(crate) struct Dashboard {
    /// What its address and its file are called; it stays the same for ever.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) start: Start,
    pub(crate) rows: Vec<Row>,
}

/// Which services it shows when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// All of them, beside each other.
    AllServices,
    /// The first, until another is chosen.
    OneService,
}

/// Panels under one title.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) panels: Vec<Panel>,
}

impl Dashboard {
    /// Makes a dashboard without rows that starts with one service.
    pub(crate) fn new(name: impl Into<String>, title: &str, description: &str) -> Self {
        Self {
            name: name.into(),
            title: title.to_owned(),
            description: description.to_owned(),
            start: Start::OneService,
            rows: Vec::new(),
        }
    }

    /// Sets which services it starts with.
    pub(crate) fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Adds a row.
    pub(crate) fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds rows.
    pub(crate) fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows.extend(rows);
        self
    }
}

impl Row {
    /// Makes a row of these panels.
    pub(crate) fn new(title: impl Into<String>, panels: impl IntoIterator<Item = Panel>) -> Self {
        Self {
            title: title.into(),
            panels: panels.into_iter().collect(),
        }
    }
}
