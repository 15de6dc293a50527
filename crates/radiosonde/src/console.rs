//! Standard output in place of a collector: `console`, as the specification calls it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use opentelemetry::trace::SpanContext;

/// Writes what is no event as lines of the log. Clones write to the same log.
#[derive(Clone)]
pub(crate) struct Console(Arc<Print>);

type Print = dyn Fn(&Printed<'_>) + Send + Sync;

/// What is written in one line.
#[derive(Debug)]
pub(crate) struct Printed<'a> {
    pub(crate) target: &'static str,
    pub(crate) message: &'a str,
    pub(crate) fields: &'a [(Cow<'a, str>, String)],
    pub(crate) ids: Option<SpanContext>,
}

impl Console {
    pub(crate) fn new(print: impl Fn(&Printed<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(print))
    }

    /// Writes a line. Never blocks.
    pub(crate) fn print(&self, printed: &Printed<'_>) {
        (self.0)(printed);
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}
