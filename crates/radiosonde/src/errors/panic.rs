//! Panics, wherever they happen.

use std::panic::PanicHookInfo;

use super::event::{Event, Exception, Mechanism};
use super::report::bounded;
use super::reporter::Stack;
use super::{Level, Reporter};

impl Reporter {
    /// Reports a panic from where it happens. Meant for the panic hook.
    ///
    /// Copies the facts and hands them over. It waits neither for them to be sent nor for symbols.
    pub(crate) fn report_panic(&self, panic: &PanicHookInfo<'_>) {
        self.report(event(panic), Stack::Taken);
    }
}

/// Describes a panic. Nothing here may panic: that would abort the process.
fn event(panic: &PanicHookInfo<'_>) -> Event {
    let message = panic.payload_as_str().unwrap_or("a panic without a text");
    let mut event = Event::new(Level::Fatal);
    event.exception.0.push(Exception {
        kind: "panic".into(),
        value: bounded(message),
        mechanism: Some(Mechanism {
            kind: "panic",
            handled: false,
        }),
        stacktrace: None,
    });
    if let Some(location) = panic.location() {
        let location = location.to_string().into();
        event.extra.insert(LOCATION.into(), location);
    }
    if let Some(thread) = std::thread::current().name() {
        event.extra.insert("thread".into(), bounded(thread).into());
    }
    event
}

/// The member that says where a panic happened.
pub(super) const LOCATION: &str = "location";
