//! Trace ids and baggage that come and go with a request.
//!
//! A *format* is a set of headers that say the same thing: those of the W3C, B3 in one header or several, Jaeger's. Which
//! are read and written is configured. Who calls chooses what the headers hold, so each is measured before it is read,
//! and reading the worst that fits takes microseconds.

mod b3;
mod baggage;
mod carrier;
mod debug;
mod hex;
mod jaeger;
mod list;
mod state;
mod text_map;
mod w3c;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceState};
use radiosonde_tower::SpanIds;

use super::sampling::Origin;
use crate::config::Propagator;
use crate::context::span_context;
pub(super) use carrier::maybe_has;
use carrier::{Incoming, Outgoing};
use state::State;

/// The formats of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Propagation {
    formats: Vec<Propagator>,
    text_map_fields: Vec<String>,
}

/// What a request came with.
#[derive(Debug, Clone, Default)]
pub(crate) struct CameWith {
    ids: Option<SpanIds>,
    /// Whether the ids say nothing of whether the trace is sampled.
    undecided: bool,
    /// What is to be passed on beside the ids.
    more: Option<Context>,
}

/// What a format says of the trace that a request belongs to.
#[derive(Debug, Clone, PartialEq)]
struct Parent {
    ids: SpanIds,
    undecided: bool,
    /// Whether somebody wants it in any case.
    debug: bool,
    state: Option<State>,
}

impl Propagation {
    pub(crate) fn new(formats: Vec<Propagator>) -> Self {
        let fields = formats.iter().flat_map(|format| fields(*format));
        let text_map_fields = fields.map(|field| (*field).to_owned()).collect();
        Self {
            formats,
            text_map_fields,
        }
    }

    /// Reads what came with a request. What is malformed is ignored.
    pub(crate) fn extract(&self, headers: &HeaderMap) -> CameWith {
        self.read(&Context::new(), headers)
    }

    /// Writes what goes out with a request, in place of what it has. Without a trace no ids are written.
    pub(crate) fn inject(&self, context: &Context, headers: &mut HeaderMap) {
        self.write(context, headers);
    }

    /// Reads what came, of which [`CameWith::more`] is put into this context.
    fn read(&self, context: &Context, carrier: &impl Incoming) -> CameWith {
        let parent = self.parent(carrier);
        let baggage = self.formats.contains(&Propagator::Baggage);
        let baggage = baggage.then(|| baggage::read(context, carrier));
        let baggage = baggage.flatten();
        let Some(parent) = parent else {
            return CameWith {
                more: baggage,
                ..CameWith::default()
            };
        };
        let (ids, has_more) = (parent.ids, baggage.is_some() || parent.debug);
        let within = baggage.as_ref().unwrap_or(context);
        let more = match parent.state {
            Some(state) => Some(state.within(within)),
            None => {
                has_more.then(|| within.with_remote_span_context(with_state(ids, TraceState::NONE)))
            }
        };
        let more = match more {
            Some(more) if parent.debug => Some(debug::within(&more)),
            more => more,
        };
        CameWith {
            ids: Some(ids),
            undecided: parent.undecided,
            more,
        }
    }

    fn parent(&self, carrier: &impl Incoming) -> Option<Parent> {
        let read = |format: &Propagator| match format {
            Propagator::TraceContext => w3c::parent(carrier),
            Propagator::B3 => b3::single(carrier).or_else(|| b3::multiple(carrier)),
            Propagator::B3Multi => b3::multiple(carrier).or_else(|| b3::single(carrier)),
            Propagator::Jaeger => jaeger::parent(carrier),
            Propagator::Baggage => None,
        };
        // As if each overwrote what the one before had found, which is the rule of the specification.
        self.formats.iter().rev().find_map(read)
    }

    fn write(&self, context: &Context, carrier: &mut impl Outgoing) {
        let span = context.span();
        let span = span.span_context();
        for format in &self.formats {
            match format {
                Propagator::Baggage => baggage::write(context, carrier),
                _ if !span.is_valid() => {}
                Propagator::TraceContext => w3c::write(context, span, carrier),
                Propagator::B3 => b3::write_single(context, span, carrier),
                Propagator::B3Multi => b3::write_multiple(context, span, carrier),
                Propagator::Jaeger => jaeger::write(context, span, carrier),
            }
        }
    }
}

impl CameWith {
    /// Returns the ids of the span that made the request, if there were any.
    pub(crate) fn ids(&self) -> Option<SpanIds> {
        self.ids
    }

    /// Returns where the trace began, and what was decided of it there.
    pub(crate) fn origin(&self) -> Origin {
        match self.ids {
            None => Origin::Here,
            Some(_) if self.undecided => Origin::Undecided,
            Some(ids) => Origin::Decided(ids.is_sampled()),
        }
    }

    /// Returns the context that the span of the request is opened in.
    pub(crate) fn to_context(&self) -> Context {
        self.within(&Context::new())
    }

    /// Returns the context that it was read into, with what came.
    fn within(&self, context: &Context) -> Context {
        match (&self.more, self.ids) {
            (Some(more), _) => more.clone(),
            (None, Some(ids)) => {
                context.with_remote_span_context(with_state(ids, TraceState::NONE))
            }
            (None, None) => context.clone(),
        }
    }

    /// Returns the context that a request runs in which has these ids and no span; none when there is nothing but ids to be
    /// passed on.
    pub(crate) fn pass_on(self, ids: SpanIds) -> Option<Context> {
        let more = self.more?;
        if self.ids == Some(ids) {
            // The span that it has says the same, and its state need not be copied.
            return Some(more);
        }
        let state = more.span().span_context().trace_state().clone();
        Some(more.with_remote_span_context(with_state(ids, state)))
    }
}

impl Parent {
    /// Makes one of ids that were read; none when they are no ids.
    fn new(trace_id: u128, span_id: u64, sampled: Option<bool>) -> Option<Self> {
        let ids = SpanIds::new(
            trace_id.to_be_bytes(),
            span_id.to_be_bytes(),
            sampled.unwrap_or(false),
        );
        (trace_id != 0 && span_id != 0).then_some(Self {
            ids,
            undecided: sampled.is_none(),
            debug: false,
            state: None,
        })
    }

    /// Says whether somebody wants it in any case.
    fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }
}

/// Returns ids and a state that came from elsewhere.
pub(crate) fn with_state(ids: SpanIds, state: TraceState) -> SpanContext {
    span_context(ids, true, state)
}

pub(crate) fn ids_of(span: &SpanContext) -> SpanIds {
    let (trace_id, span_id) = (span.trace_id().to_bytes(), span.span_id().to_bytes());
    SpanIds::new(trace_id, span_id, span.is_sampled())
}

fn fields(format: Propagator) -> &'static [&'static str] {
    match format {
        Propagator::TraceContext => &["traceparent", "tracestate"],
        Propagator::Baggage => &["baggage"],
        Propagator::B3 => &["b3"],
        Propagator::B3Multi => &["x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"],
        Propagator::Jaeger => &["uber-trace-id"],
    }
}

#[cfg(test)]
mod tests;
