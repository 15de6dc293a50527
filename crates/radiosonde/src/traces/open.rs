//! Which spans of a trace have begun and not ended.

use std::collections::HashSet;

use opentelemetry::trace::SpanId;

/// The spans of one trace that have begun and not ended.
///
/// They are known by their ids, and not only counted: a trace may be forgotten and come back, and what was given up with it is
/// not to be taken for what has begun since.
#[derive(Debug, Default)]
pub(super) struct Open(HashSet<SpanId>);

impl Open {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn begin(&mut self, span: SpanId) {
        self.0.insert(span);
    }

    /// Takes note of a span that ended, and tells whether it is one of these.
    pub(super) fn end(&mut self, span: SpanId) -> bool {
        let was_open = self.0.remove(&span);
        self.make_small();
        was_open
    }

    /// Takes over others.
    pub(super) fn add(&mut self, others: Self) {
        if self.0.is_empty() {
            self.0 = others.0;
        } else {
            self.0.extend(others.0);
        }
        self.make_small();
    }

    fn make_small(&mut self) {
        if self.0.capacity() > SMALL && self.0.len() < self.0.capacity() / 8 {
            self.0.shrink_to(self.0.capacity() / 2);
        }
    }
}

/// Room for so many is not worth being given back.
const SMALL: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_takes_no_room() {
        let mut open = Open::default();
        let ids = || (1..=10_000).map(SpanId::from);
        ids().for_each(|span| open.begin(span));
        assert!(ids().all(|span| open.end(span)));
        assert!(open.0.capacity() <= SMALL);
        assert!(!open.end(SpanId::from(1)), "it has ended");
        open.add(Open::default());
        assert!(open.len() == 0 && open.0.capacity() <= SMALL);
    }
}
