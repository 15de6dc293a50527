//! Panics, wherever they happen.

use std::panic::PanicHookInfo;

use super::event::{Event, Exception, Mechanism};
use super::report::bounded;
use super::reporter::Stack;
use super::{Level, Reporter};

/// Reports panics from here on, and then does what was done about them before.
///
/// The hook copies the facts and hands them over. It never waits for them to be sent: the thread that panics may be the
/// one that serves everybody else.
pub(crate) fn install_panic_hook(reporter: Reporter) {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        reporter.report(event(panic), Stack::Taken);
        previous(panic);
    }));
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
        event.extra.insert("location".into(), location);
    }
    if let Some(thread) = std::thread::current().name() {
        event.extra.insert("thread".into(), bounded(thread).into());
    }
    event
}
