//! Messages that are taken from a queue and processed.

use std::sync::Arc;

use radiosonde_catalog::{MESSAGE_PROCESSING_DURATION, MESSAGES_PROCESSED};

use super::work::{Ends, Work};
use crate::Registry;

/// The processing of the messages of one queue or topic: how many, with which outcome, and how long it took.
///
/// Records [`MESSAGES_PROCESSED`] and [`MESSAGE_PROCESSING_DURATION`]. The outcome is `ok`, `error`, `cancelled` or
/// `panicked`.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::Messages;
///
/// let registry = Registry::new();
/// let messages = Messages::new(&registry, "orders");
///
/// let processing = messages.start();
/// match "7".parse::<u32>() {
///     Ok(_) => processing.succeeded(),
///     Err(_) => processing.failed(),
/// }
///
/// let text = registry.render();
/// assert!(text.contains(r#"messages_processed_total{outcome="ok",queue="orders"} 1"#));
/// assert!(text.contains(r#"messages_processed_total{outcome="error",queue="orders"} 0"#));
/// assert!(text.contains(r#"message_processing_duration_seconds_count{queue="orders"} 1"#));
/// ```
#[derive(Debug, Clone)]
pub struct Messages {
    ends: Arc<Ends>,
}

impl Messages {
    /// Makes the series of the queue of this name, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, queue: &str) -> Self {
        let ends = Ends::new(
            registry,
            &MESSAGES_PROCESSED,
            &MESSAGE_PROCESSING_DURATION,
            queue,
        );
        Self {
            ends: Arc::new(ends),
        }
    }

    /// Starts the processing of one message.
    pub fn start(&self) -> MessageProcessing {
        MessageProcessing(Work::start(&self.ends))
    }
}

/// A message that is being processed.
///
/// It owns what it needs, so it may end in another task or thread. Dropped without a word it counts as `cancelled`, or
/// as `panicked` when a panic unwinds through it.
#[derive(Debug)]
#[must_use = "the message counts as cancelled when this is dropped: keep it until the message is processed"]
pub struct MessageProcessing(Work<Ends>);

impl MessageProcessing {
    /// Ends the processing: the message counts as `ok`.
    pub fn succeeded(self) {
        self.0.succeeded();
    }

    /// Ends the processing: the message counts as `error`.
    pub fn failed(self) {
        self.0.failed();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::standard::{Acquisition, ConnectionPool, Job, JobRun};

    #[test]
    fn guards_outlive_their_instruments_and_end_where_they_were_sent() {
        let registry = Registry::new();
        let (sender, receiver) = channel::<(MessageProcessing, JobRun, Acquisition)>();
        let ends = thread::spawn(move || {
            for (message, run, wait) in receiver {
                message.succeeded();
                run.failed();
                wait.acquired();
            }
        });
        let guards = (
            Messages::new(&registry, "orders").start(),
            Job::new(&registry, "backup").start(),
            ConnectionPool::new(&registry, "orders").acquire(),
        );
        sender.send(guards).unwrap();
        drop(sender);
        ends.join().unwrap();
        let text = registry.render();
        for line in [
            "messages_processed_total{outcome=\"ok\",queue=\"orders\"} 1\n",
            "job_runs_total{job_name=\"backup\",outcome=\"error\"} 1\n",
            "connection_pool_waiting{pool=\"orders\"} 0\n",
            "connection_pool_acquire_duration_seconds_count{pool=\"orders\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
