//! The log, put together.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use radiosonde_catalog::{LOG_LINES, LOG_LINES_LOST};
use radiosonde_metrics::Registry;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::{EnvFilter, Layer};

use super::chores::Chores;
use super::layer::LogLayer;
use super::limit::{LimitFilter, Limits};
use super::line::{Look, Named};
use super::{LineWriter, LogFilter};
use crate::config::LogSettings;
#[cfg(feature = "otlp")]
use crate::console::Console;

/// The log of a service, before its layers are placed.
#[derive(Debug)]
pub(crate) struct Logs {
    layer: LogLayer,
    #[cfg(feature = "otlp")]
    look: Arc<Look>,
    filter: reload::Layer<EnvFilter, tracing_subscriber::Registry>,
    limits: Arc<Limits>,
    control: LogControl,
}

/// The log while the service runs.
#[derive(Debug, Clone)]
pub(crate) struct LogControl {
    filter: LogFilter,
    writer: LineWriter,
}

impl Logs {
    /// Starts a log that goes to `out`.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system when there can be no thread to write on.
    pub(crate) fn start(
        out: impl Write + Send + 'static,
        settings: &LogSettings,
        (name, version): (&str, Option<&str>),
        registry: &Registry,
    ) -> std::io::Result<Self> {
        let look = Arc::new(Look {
            format: settings.format,
            fields: settings.fields,
            colours: settings.colours,
            service: Named {
                name: name.into(),
                version: version.map(Into::into),
            },
        });
        let (layer, filter) = LogFilter::new(&settings.filter);
        let limits = Arc::new(Limits::new(settings.per_second, registry));
        let chores = Chores::new(&limits, look.clone());
        let counters = [&LOG_LINES, &LOG_LINES_LOST].map(|metric| registry.counter(metric, &[]));
        let writer = LineWriter::start(out, counters, Some(chores))?;
        limits.told_by(writer.clone());
        Ok(Self {
            layer: LogLayer::new(look.clone(), writer.clone()),
            #[cfg(feature = "otlp")]
            look,
            filter: layer,
            limits,
            control: LogControl { filter, writer },
        })
    }

    pub(crate) fn control(&self) -> LogControl {
        self.control.clone()
    }

    /// Returns what writes lines that are no events.
    #[cfg(feature = "otlp")]
    pub(crate) fn console(&self) -> Console {
        let look = self.look.clone();
        let writer = self.control.writer.clone();
        Console::new(move |printed| writer.write(look.printed(printed).as_bytes()))
    }

    /// Returns the layer that writes lines and, with `records`, sends what becomes a line.
    pub(crate) fn layer<L>(self, records: Option<L>) -> impl Layer<tracing_subscriber::Registry>
    where
        L: Layer<tracing_subscriber::Registry>,
    {
        let limits = LimitFilter(self.limits);
        // The limits come last: what is filtered does not count.
        self.layer
            .and_then(records)
            .with_filter(self.filter.and(limits))
    }
}

impl LogControl {
    /// Returns what lines are written with.
    #[cfg(feature = "testing")]
    pub(crate) fn writer(&self) -> LineWriter {
        self.writer.clone()
    }

    /// Blocks until no line waits, and returns true, or until the deadline, and returns false.
    pub(crate) fn flush_until(&self, deadline: Instant) -> bool {
        self.writer.flush_until(deadline)
    }

    pub(crate) fn filter(&self) -> &LogFilter {
        &self.filter
    }
}
