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
    pub(super) async fn passes(&mut self) {
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
    /// What the other side said last of what it got, and whether it refused some of it.
    heard: Option<(String, bool)>,
}

impl Outage {
    pub(crate) fn new(items: &'static str) -> Self {
        Self {
            items,
            lasts: false,
            heard: None,
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

    /// Tells what the other side said of items that it got and how many of them it refused, unless it last said the same.
    ///
    /// Batches that it takes whole, without a word, change nothing: a few items that it does not like in every other batch
    /// are news once.
    pub(crate) fn hear(&mut self, said: String, refused: u64, count: u64) {
        let heard = Some((said, refused > 0));
        if heard == self.heard {
            return;
        }
        let items = self.items;
        match &heard {
            Some((said, false)) if said.is_empty() => return,
            Some((said, false)) => {
                tracing::warn!(target: "radiosonde", said, "{items} were taken with a remark");
            }
            Some((said, true)) => {
                let reason = format!("the collector refused {refused} of {count}: {said}");
                tracing::warn!(target: "radiosonde", reason, "{items} were refused; they are counted as failed");
            }
            None => {}
        }
        self.heard = heard;
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::{Context, SubscriberExt as _};

    use super::*;

    /// Keeps the messages of events.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<String>>>);

    impl<S: tracing::Subscriber> Layer<S> for Told {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            event.record(&mut self.clone());
        }
    }

    impl Visit for Told {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.0.lock().unwrap().push(format!("{value:?}"));
            }
        }
    }

    fn told(happen: impl FnOnce(&mut Outage)) -> Vec<String> {
        let told = Told::default();
        let subscriber = tracing_subscriber::registry().with(told.clone());
        tracing::subscriber::with_default(subscriber, || happen(&mut Outage::new("spans")));
        std::mem::take(&mut *told.0.lock().unwrap())
    }

    #[test]
    fn an_outage_is_told_when_it_begins_and_when_it_ends() {
        let told = told(|outage| {
            for failure in [Some("refused"), Some("reset"), None, None] {
                outage.note(failure.map(ToOwned::to_owned));
            }
        });
        let expected = [
            "spans cannot be sent; they are counted as failed",
            "spans are sent again",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_refused_is_told_once_until_other_words_are_used() {
        let refused = "spans were refused; they are counted as failed";
        let told = told(|outage| {
            for count in [5, 7, 5] {
                outage.hear("too old".into(), 1, count);
                outage.hear(String::new(), 0, count);
            }
            outage.hear("too long".into(), 2, 5);
            outage.hear("slow down".into(), 0, 5);
            outage.hear("slow down".into(), 0, 5);
        });
        assert_eq!(told, [refused, refused, "spans were taken with a remark"]);
    }
}
