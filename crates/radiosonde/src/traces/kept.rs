//! Which traces were kept, for spans that end after their root.

use std::collections::{HashMap, VecDeque};

use opentelemetry::trace::TraceId;

use super::open::Open;

/// The traces that were kept last.
///
/// Of one that is forgotten for another, the spans are lost that have not ended: nobody would know where they belong when they do.
#[derive(Debug, Default)]
pub(super) struct Kept {
    by_age: VecDeque<TraceId>,
    open: HashMap<TraceId, Open>,
}

impl Kept {
    /// How many are remembered.
    pub(super) const MOST: usize = 1_024;

    /// Remembers a trace with what of it has not ended, and returns what has not of one that is forgotten for it.
    pub(super) fn remember(&mut self, trace_id: TraceId, open: Open) -> Open {
        if let Some(already) = self.open.get_mut(&trace_id) {
            already.add(open);
            return Open::default();
        }
        let mut lost = Open::default();
        if self.by_age.len() >= Self::MOST
            && let Some(first) = self.by_age.pop_front()
        {
            lost = self.open.remove(&first).unwrap_or_default();
        }
        self.by_age.push_back(trace_id);
        self.open.entry(trace_id).or_default().add(open);
        lost
    }

    pub(super) fn has(&self, trace_id: TraceId) -> bool {
        self.open.contains_key(&trace_id)
    }

    /// Returns what has not ended of a trace, if it is remembered.
    pub(super) fn open(&mut self, trace_id: TraceId) -> Option<&mut Open> {
        self.open.get_mut(&trace_id)
    }

    /// Hands over what has not ended of a trace: of one that has a root again.
    pub(super) fn reopen(&mut self, trace_id: TraceId) -> Open {
        self.open(trace_id).map(std::mem::take).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn open_in_all(&self) -> usize {
        self.open.values().map(Open::len).sum()
    }
}
