//! Which traces were kept, for spans that end after their root.

use std::collections::{HashMap, VecDeque};

use opentelemetry::trace::TraceId;

/// The traces that were kept last.
///
/// Of one that is forgotten for another, the spans are lost that have not ended: nobody would know where they belong when they do.
#[derive(Debug, Default)]
pub(super) struct Kept {
    by_age: VecDeque<TraceId>,
    /// How many spans of each have begun and not ended.
    open: HashMap<TraceId, u64>,
}

impl Kept {
    /// How many are remembered.
    pub(super) const MOST: usize = 1_024;

    /// Remembers a trace of which so many spans have not ended, and returns how many have not of one that is forgotten for it.
    pub(super) fn remember(&mut self, trace_id: TraceId, open: u64) -> u64 {
        if let Some(already) = self.open.get_mut(&trace_id) {
            *already += open;
            return 0;
        }
        let mut lost = 0;
        if self.by_age.len() >= Self::MOST
            && let Some(first) = self.by_age.pop_front()
        {
            lost = self.open.remove(&first).unwrap_or_default();
        }
        self.by_age.push_back(trace_id);
        self.open.insert(trace_id, open);
        lost
    }

    pub(super) fn has(&self, trace_id: TraceId) -> bool {
        self.open.contains_key(&trace_id)
    }

    /// Takes note of a span that begins, if its trace is remembered.
    pub(super) fn begin(&mut self, trace_id: TraceId) {
        if let Some(open) = self.open.get_mut(&trace_id) {
            *open += 1;
        }
    }

    /// Takes note of a span that ended, and tells whether its trace is remembered.
    pub(super) fn end(&mut self, trace_id: TraceId) -> bool {
        let open = self.open.get_mut(&trace_id);
        open.map(|open| *open = open.saturating_sub(1)).is_some()
    }

    /// Hands over how many spans of a trace have not ended: one that has a root again.
    pub(super) fn reopen(&mut self, trace_id: TraceId) -> u64 {
        let open = self.open.get_mut(&trace_id);
        open.map(std::mem::take).unwrap_or_default()
    }
}
