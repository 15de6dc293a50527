//! Panics, wherever they happen.

use std::panic::PanicHookInfo;

use sentry_core::protocol::{Event, Exception, Level, Mechanism};

use super::Reporter;
use super::report::bounded;
use super::stack;

/// Reports panics from here on, and then does what was done about them before.
///
/// The hook copies the facts and hands them over. It never waits for them to be sent: the thread that panics may be the
/// one that serves everybody else.
pub(crate) fn install_panic_hook(reporter: Reporter) {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        reporter.report(event(panic), stack::capture());
        previous(panic);
    }));
}

/// Describes a panic. Nothing here may panic: that would abort the process.
fn event(panic: &PanicHookInfo<'_>) -> Event<'static> {
    let message = panic.payload_as_str().unwrap_or("a panic without a text");
    let exception = Exception {
        ty: "panic".into(),
        value: Some(bounded(message)),
        mechanism: Some(Mechanism {
            ty: "panic".into(),
            handled: Some(false),
            ..Mechanism::default()
        }),
        ..Exception::default()
    };
    let mut event = Event {
        level: Level::Fatal,
        exception: vec![exception].into(),
        ..Event::default()
    };
    if let Some(location) = panic.location() {
        event
            .extra
            .insert("location".into(), location.to_string().into());
    }
    event
}
