//! The same formats as OpenTelemetry's own API has them, for code of the host that uses it.

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt as _;

use super::carrier::Foreign;
use super::{Propagation, with_state};
use crate::context::ids_of_request;

/// It sends the ids of the current request along where its code has no span around it.
impl TextMapPropagator for Propagation {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let mut carrier = Foreign(injector);
        if !context.has_active_span()
            && let Some(ids) = ids_of_request()
        {
            let context = context.with_remote_span_context(ids);
            return self.write(&context, &mut carrier);
        }
        self.write(context, &mut carrier);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let came_with = self.read(&Foreign(extractor));
        let mut context = context.clone();
        if let Some(ids) = came_with.ids {
            let state = came_with
                .to_context()
                .span()
                .span_context()
                .trace_state()
                .clone();
            context = context.with_remote_span_context(with_state(ids, state));
        }
        let more = came_with.more.as_ref();
        let Some(more) = more.filter(|more| !more.baggage().is_empty()) else {
            return context;
        };
        let baggage = more.baggage().iter().map(|(key, (value, properties))| {
            KeyValueMetadata::new(key.clone(), value.clone(), properties.as_str())
        });
        context.with_baggage(baggage)
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.text_map_fields)
    }
}
