//! Which `tracing` spans become spans of a trace.

use opentelemetry::trace::TraceContextExt;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::sampling::is_within_ids_alone;
use crate::io::is_telemetry_thread;

/// Lets spans of the host through, up to `INFO`; no events; nothing from the telemetry thread, whose exports would
/// otherwise make spans that are exported; and nothing in a request that is not recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfTheHost;

impl OfTheHost {
    fn may_pass(metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && *metadata.level() <= Level::INFO
    }
}

impl<S> Filter<S> for OfTheHost {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Self::may_pass(metadata) && !is_telemetry_thread() && !is_in_unrecorded_request()
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Not `always`: the same callsite may be reached from the telemetry thread.
        if Self::may_pass(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::INFO)
    }
}

/// Tells whether a span made here would belong to a request that has no span itself.
fn is_in_unrecorded_request() -> bool {
    is_within_ids_alone() && !opentelemetry::Context::map_current(TraceContextExt::has_active_span)
}
