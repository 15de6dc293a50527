//! The worker that writes the registry into the log, again and again.

use std::time::Duration;

use radiosonde_metrics::Registry;

use super::reading::Reader;
use crate::console::{Console, Printed};
use crate::io::attempt::Cutoff;
use crate::io::{Io, Rounds};

/// Starts the worker.
pub(crate) fn start_printing(io: &mut Io, console: Console, registry: &Registry, every: Duration) {
    let reader = Reader::new(registry, Registry::render);
    io.spawn(move |cutoff| print(reader, console, every, cutoff));
}

/// Writes one line for each series as it is exposed, at an interval and when the service ends.
async fn print(mut reader: Reader<String>, console: Console, every: Duration, cutoff: Cutoff) {
    let mut rounds = Rounds::new(every, cutoff);
    while let Some(cutoff) = rounds.next().await {
        // Of a start that failed nothing is told.
        if cutoff.is_past() {
            return;
        }
        let text = match reader.read(PATIENCE, cutoff).await {
            Ok(text) => text,
            Err(reason) => {
                tracing::warn!(target: "radiosonde", reason, "the metrics are not written this time");
                continue;
            }
        };
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

/// How long reading the metrics may take.
const PATIENCE: Duration = Duration::from_secs(10);
