//! Queues that the service looks into.

use std::time::Duration;

use radiosonde_catalog::{QUEUE_DEPTH, QUEUE_OLDEST_AGE};

use super::number::real;
use crate::{Gauge, Registry};

/// What waits in one queue, and for how long.
///
/// Records [`QUEUE_DEPTH`] and [`QUEUE_OLDEST_AGE`]. Set them where the queue changes, or before each reading with
/// [`Registry::before_reading`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::Queue;
///
/// let registry = Registry::new();
/// let queue = Queue::new(&registry, "mail");
/// queue.set_depth(3);
/// queue.set_oldest_age(Duration::from_millis(2_500));
///
/// let text = registry.render();
/// assert!(text.contains(r#"queue_depth{queue="mail"} 3"#));
/// assert!(text.contains(r#"queue_oldest_age_seconds{queue="mail"} 2.5"#));
/// ```
#[derive(Debug, Clone)]
pub struct Queue {
    depth: Gauge,
    oldest_age: Gauge,
}

impl Queue {
    /// Makes the series of the queue of this name, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, queue: &str) -> Self {
        Self {
            depth: registry.gauge(&QUEUE_DEPTH, &[queue]),
            oldest_age: registry.gauge(&QUEUE_OLDEST_AGE, &[queue]),
        }
    }

    /// Sets how many entries wait.
    pub fn set_depth(&self, entries: usize) {
        self.depth.set(real(entries));
    }

    /// Sets how long the oldest entry has waited; zero when none does.
    pub fn set_oldest_age(&self, age: Duration) {
        self.oldest_age.set(age.as_secs_f64());
    }
}
