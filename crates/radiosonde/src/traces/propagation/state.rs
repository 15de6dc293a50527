//! What a `tracestate` says.
//!
//! The SDK copies the state of a trace for each of its spans, with an allocation for each key and each value. Those of a long one
//! would cost more than any header may: the first members go along with the spans, and all of it goes on as it came.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceId, TraceState};
use radiosonde_tower::SpanIds;

use super::{list, with_state};

/// A state that came with these ids.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    ids: SpanIds,
    /// The first members, or all.
    read: TraceState,
    /// All of it, where it has more.
    text: Option<String>,
}

/// A state of which the spans have the first members alone, as long as they are those.
#[derive(Debug)]
struct AsItCame {
    trace_id: TraceId,
    /// Those, as a header has them.
    read: String,
    text: String,
}

impl State {
    /// Reads a `tracestate`, of which a member may have blanks around it or be empty. One that is malformed makes all void, as
    /// the recommendation has it.
    pub(super) fn read(header: &str, ids: SpanIds) -> Option<Self> {
        let mut read = Vec::with_capacity(MAX_READ);
        // Where the next member begins, once so many have been looked at.
        let (mut next, mut count) = (0, 0);
        for member in list::members(header) {
            let trimmed = member.trim_ascii();
            if !trimmed.is_empty() {
                if count == MAX_MEMBERS {
                    break;
                }
                let (key, value) = list::split_once(trimmed, b'=')?;
                if !(is_key(key.as_bytes()) && is_value(value.as_bytes())) {
                    return None;
                }
                if count < MAX_READ {
                    read.push((key, value));
                }
                count += 1;
            }
            next += member.len() + 1;
        }
        Some(Self {
            ids,
            read: TraceState::from_key_value(read).ok()?,
            text: (count > MAX_READ).then(|| header[..next - 1].to_owned()),
        })
    }

    /// Returns a context with the span that it came from.
    pub(super) fn within(self, context: &Context) -> Context {
        let came = self.text.map(|text| AsItCame {
            trace_id: TraceId::from_bytes(self.ids.trace_id()),
            read: spell(&self.read),
            text,
        });
        let context = context.with_remote_span_context(with_state(self.ids, self.read));
        match came {
            Some(came) => context.with_value(came),
            None => context,
        }
    }
}

/// Returns the state of a span as a header has it; empty for none.
pub(super) fn spelled(context: &Context, span: &SpanContext) -> String {
    let read = spell(span.trace_state());
    let is_of = |came: &&AsItCame| came.trace_id == span.trace_id() && came.read == read;
    match context.get().filter(is_of) {
        Some(came) => came.text.clone(),
        None => read,
    }
}

fn spell(state: &TraceState) -> String {
    let mut header = String::new();
    for (key, value) in state {
        let comma = if header.is_empty() { "" } else { "," };
        for part in [comma, key, "=", value] {
            header.push_str(part);
        }
    }
    header
}

fn is_key(key: &[u8]) -> bool {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_other = |byte: u8| is_first(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= MAX_PART
        && key.first().is_some_and(|byte| is_first(*byte))
        && key.iter().all(|byte| is_other(*byte))
}

fn is_value(value: &[u8]) -> bool {
    value.len() <= MAX_PART && !value.contains(&b'=')
}

/// The most members that there may be. Those after them are left out.
const MAX_MEMBERS: usize = 32;

/// How many of them go along with the spans.
const MAX_READ: usize = 8;

/// How long a key or a value may be.
const MAX_PART: usize = 256;
