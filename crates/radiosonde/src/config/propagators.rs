//! Which headers carry a trace.

use super::value::Reader;
use super::{Config, env};

/// A set of headers by which a trace, or what belongs to it, goes from one service to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Propagator {
    /// The trace context of the W3C: `traceparent` and `tracestate`.
    TraceContext,
    /// The baggage of the W3C: `baggage`.
    Baggage,
    /// B3 in one header: `b3`. Those of the other form are read as well.
    B3,
    /// B3 in several headers, such as `x-b3-traceid`. The other form is read as well.
    B3Multi,
    /// The header of Jaeger's clients: `uber-trace-id`.
    Jaeger,
}

impl Propagator {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [
        Self::TraceContext,
        Self::Baggage,
        Self::B3,
        Self::B3Multi,
        Self::Jaeger,
    ];

    /// Reads the list that a configuration has, each once; `none` among them means that there are none.
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Vec<Self> {
        if let Some(set) = &config.propagators {
            return set.clone();
        }
        let default = vec![Self::TraceContext, Self::Baggage];
        let Some(text) = reader.text(env::OTEL_PROPAGATORS) else {
            return default;
        };
        let mut propagators = Vec::new();
        for word in text.split(',').map(str::trim) {
            let propagator = match word.to_ascii_lowercase().as_str() {
                "tracecontext" => Self::TraceContext,
                "baggage" => Self::Baggage,
                "b3" => Self::B3,
                "b3multi" => Self::B3Multi,
                "jaeger" => Self::Jaeger,
                "none" => return Vec::new(),
                "" => continue,
                _ => {
                    let name = env::OTEL_PROPAGATORS;
                    reader.warn(format!("{name} names `{word}`, which is ignored"));
                    continue;
                }
            };
            if !propagators.contains(&propagator) {
                propagators.push(propagator);
            }
        }
        if propagators.is_empty() {
            default
        } else {
            propagators
        }
    }
}
