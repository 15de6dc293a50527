//! Panics, wherever they happen.

use std::fmt;
use std::panic::{Location, PanicHookInfo};

use super::event::{Event, Exception, Mechanism};
use super::fields::Fields;
use super::report::bounded;
use super::reporter::Origin;
use super::{Level, Reporter};

impl Reporter {
    /// Reports a panic from where it happens. Meant for the panic hook.
    ///
    /// Copies the facts and hands them over. It waits neither for them to be sent nor for symbols.
    pub(crate) fn report_panic(&self, panic: &PanicHookInfo<'_>) {
        self.report(event(panic), Origin::Here);
    }
}

/// Describes a panic. Nothing here may panic: that would abort the process.
fn event(panic: &PanicHookInfo<'_>) -> Event {
    let message = panic.payload_as_str().unwrap_or("a panic without a text");
    let mut event = Event::new(Level::Fatal);
    // Without room to grow: many may wait, and memory that nobody has used before costs more than to fill it.
    event.exception.0 = vec![Exception {
        kind: KIND.into(),
        value: bounded(message),
        mechanism: Some(Mechanism {
            kind: KIND,
            handled: false,
        }),
        stacktrace: None,
    }];
    event.extra = Fields::with_room_for(2);
    event.panicked_at = panic.location().map(PanickedAt::of);
    if let Some(thread) = std::thread::current().name() {
        event.extra.insert("thread", bounded(thread));
    }
    event
}

/// Tells whether an event is about a panic.
pub(super) fn is_panic(event: &Event) -> bool {
    let mut errors = event.exception.0.iter();
    errors.any(|error| error.kind == KIND)
}

/// Where a panic happened. To write it out takes as long as all else that the hook notes, so that is left to others.
#[derive(Debug, Clone)]
pub(super) struct PanickedAt {
    file: String,
    line: u32,
    column: u32,
}

impl PanickedAt {
    fn of(location: &Location<'_>) -> Self {
        Self {
            file: location.file().into(),
            line: location.line(),
            column: location.column(),
        }
    }

    /// Returns about how many bytes it takes beside itself.
    pub(super) fn weight(&self) -> usize {
        self.file.len()
    }
}

impl fmt::Display for PanickedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

/// What an exception is called that is a panic. No type of an error is: those begin with a capital.
const KIND: &str = "panic";
