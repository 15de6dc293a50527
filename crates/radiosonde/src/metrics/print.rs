//! The worker that writes the registry into the log, again and again.

use std::time::Duration;

use radiosonde_metrics::Registry;
use tokio::task::spawn_blocking;

use crate::console::{Console, Printed};
use crate::io::attempt::Cutoff;
use crate::io::{Io, Rounds};

/// Starts the worker.
pub(crate) fn start_printing(io: &mut Io, console: Console, registry: &Registry, every: Duration) {
    let registry = registry.clone();
    io.spawn(move |cutoff| print(registry, console, every, cutoff));
}

/// Writes one line for each series as it is exposed, at an interval and when the service ends.
async fn print(registry: Registry, console: Console, every: Duration, cutoff: Cutoff) {
    let mut rounds = Rounds::new(every, cutoff);
    while rounds.next().await.is_some() {
        // What is collected for a reading may be the host's code.
        let registry = registry.clone();
        let text = spawn_blocking(move || registry.render()).await;
        let text = text.unwrap_or_default();
        for series in text.lines().filter(|line| !line.starts_with('#')) {
            console.print(&Printed {
                target: "radiosonde::metrics",
                message: series,
                fields: &[],
                ids: None,
            });
        }
    }
}
