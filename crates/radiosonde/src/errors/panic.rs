//! Panics, wherever they happen.

use std::panic::PanicHookInfo;

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
    if let Some(location) = panic.location() {
        let location = location.to_string();
        event.extra.insert(LOCATION, location);
    }
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

/// Returns where a panic happened, if the event is about one: what somebody logged may have a field of that name as well.
pub(super) fn place(event: &Event) -> Option<&str> {
    let place = event.extra.get(LOCATION).filter(|_| is_panic(event));
    place?.as_str()
}

/// What an exception is called that is a panic. No type of an error is: those begin with a capital.
const KIND: &str = "panic";

/// The member that says where a panic happened.
const LOCATION: &str = "location";
