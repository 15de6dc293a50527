//! The same formats as OpenTelemetry's own API has them, for code of the host that uses it.

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt as _;

use super::Propagation;
use super::carrier::Foreign;
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
        self.read(context, &Foreign(extractor)).within(context)
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.text_map_fields)
    }
}
