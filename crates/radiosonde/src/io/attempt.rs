//! One exchange with another side, and the news of whether exchanges succeed.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// When everything must be sent or given up; unset while the service runs.
#[derive(Debug, Clone)]
pub(crate) struct Cutoff(watch::Receiver<Option<Instant>>);

impl Cutoff {
    pub(crate) fn new(receiver: watch::Receiver<Option<Instant>>) -> Self {
        Self(receiver)
    }

    /// Waits until it is set. When its sender is gone, the process is ending all the same.
    pub(crate) async fn is_set(&mut self) {
        let _ = self.0.wait_for(Option::is_some).await;
    }

    /// Tells whether it is set: the service ends.
    #[cfg(feature = "otlp")]
    pub(crate) fn has_come(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Tells whether it has passed.
    pub(crate) fn is_past(&self) -> bool {
        let cutoff = *self.0.borrow();
        cutoff.is_some_and(|cutoff| cutoff <= Instant::now())
    }

    /// Waits until it has passed.
    async fn passes(&mut self) {
        self.is_set().await;
        let cutoff = *self.0.borrow();
        if let Some(cutoff) = cutoff {
            tokio::time::sleep_until(cutoff.into()).await;
        }
    }
}

/// Runs an exchange within its time, and within that of the whole process.
///
/// It runs in a task of its own: a panic in foreign code ends it, and not the worker.
///
/// # Errors
///
/// Returns why there is no result, in words for the log.
pub(crate) async fn attempt<T: Send + 'static>(
    exchange: impl Future<Output = Result<T, String>> + Send + 'static,
    timeout: Duration,
    cutoff: &mut Cutoff,
) -> Result<T, String> {
    let mut task = AbortOnDrop(tokio::spawn(exchange));
    let done = within(&mut task.0, timeout, cutoff).await?;
    done.unwrap_or_else(|error| Err(error.to_string()))
}

/// Waits for something within its time, and within that of the whole process.
///
/// # Errors
///
/// Returns which of them passed, in words for the log.
pub(crate) async fn within<T>(
    work: impl Future<Output = T>,
    timeout: Duration,
    cutoff: &mut Cutoff,
) -> Result<T, String> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = tokio::time::sleep(timeout) => Err(format!("not done within {}", humantime::format_duration(timeout))),
        () = cutoff.passes() => Err("the process ended first".into()),
    }
}

/// Whether what is sent arrives. Only a change of that is worth a line in the log.
#[derive(Debug)]
pub(crate) struct Outage {
    /// What is sent, in the plural.
    items: &'static str,
    lasts: bool,
    /// What the other side said last of what it took.
    remark: Option<String>,
}

impl Outage {
    pub(crate) fn new(items: &'static str) -> Self {
        Self {
            items,
            lasts: false,
            remark: None,
        }
    }

    /// Takes note of how an exchange ended: of why it failed, if it did.
    pub(crate) fn note(&mut self, failure: Option<String>) {
        let items = self.items;
        let lasted = std::mem::replace(&mut self.lasts, failure.is_some());
        match failure {
            Some(reason) if !lasted => {
                tracing::warn!(target: "radiosonde", reason, "{items} cannot be sent; they are counted as failed");
            }
            None if lasted => {
                tracing::info!(target: "radiosonde", "{items} are sent again");
            }
            _ => {}
        }
    }

    /// Tells what the other side said of items that it took, unless that was told before.
    pub(crate) fn remark(&mut self, said: String) {
        if self.remark.as_ref() == Some(&said) {
            return;
        }
        let items = self.items;
        tracing::warn!(target: "radiosonde", said, "{items} were taken with a remark");
        self.remark = Some(said);
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
