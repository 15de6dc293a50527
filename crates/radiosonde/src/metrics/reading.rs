//! The registry, read beside the telemetry thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use radiosonde_metrics::Registry;
use tokio::sync::oneshot;

use crate::io::attempt::{Cutoff, within};
use crate::io::begin;

/// Reads the registry again and again, on threads that may block: what is collected for a reading may be the host's code.
pub(super) struct Reader<T> {
    registry: Registry,
    read: Arc<Read<T>>,
    /// A reading that was not done in time. There is never more than one.
    late: Option<oneshot::Receiver<T>>,
}

type Read<T> = dyn Fn(&Registry) -> T + Send + Sync;

impl<T: Send + 'static> Reader<T> {
    pub(super) fn new(
        registry: &Registry,
        read: impl Fn(&Registry) -> T + Send + Sync + 'static,
    ) -> Self {
        Self {
            registry: registry.clone(),
            read: Arc::new(read),
            late: None,
        }
    }

    /// Reads once, or waits for the reading that was late the last time.
    ///
    /// # Errors
    ///
    /// Returns why there is nothing this time, in words for the log.
    pub(super) async fn read(
        &mut self,
        timeout: Duration,
        cutoff: &mut Cutoff,
    ) -> Result<T, String> {
        let mut reading = match self.late.take() {
            Some(late) => late,
            None => self.begin()?,
        };
        match within(&mut reading, timeout, cutoff).await {
            Ok(read) => read.map_err(|_| "reading the metrics panicked".into()),
            Err(reason) => {
                self.late = Some(reading);
                Err(format!("the metrics were not read: {reason}"))
            }
        }
    }

    fn begin(&self) -> Result<oneshot::Receiver<T>, String> {
        let (registry, read) = (self.registry.clone(), self.read.clone());
        let begun = begin(move || read(&registry));
        begun.map_err(|error| format!("the metrics were not read: there is no thread: {error}"))
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
