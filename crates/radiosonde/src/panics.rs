//! Panics, wherever they happen.

use std::panic::PanicHookInfo;

use radiosonde_catalog::PANICS;
use radiosonde_metrics::{Registry, attempt};

/// Counts the panics of this process from here on, tells each to `tell`, and then does what was done about it before.
///
/// The thread that panics may be the one that serves everybody else: nothing here waits for what takes long. A panic in a panic hook aborts the
/// process, so `tell` must not panic either.
pub(crate) fn install_hook(
    registry: &Registry,
    tell: impl Fn(&PanicHookInfo<'_>) + Send + Sync + 'static,
) {
    let panics = registry.counter(&PANICS, &[]);
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // One of ours that is an answer, and caught.
        if attempt::is_running() {
            return;
        }
        panics.increment(1);
        tell(panic);
        previous(panic);
    }));
}
