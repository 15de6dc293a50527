//! What the registry does not take: counted by reason, and told once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Counter;
use crate::canonical::Refusal;

/// The accounts of refusals and overflows. Clones are the same accounts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Accounts>);

#[derive(Debug, Default)]
struct Accounts {
    refused: [Counter; Refusal::ALL.len()],
    overflowed: Counter,
    /// What was told: names, by reason.
    told: Mutex<[BTreeSet<String>; Refusal::ALL.len()]>,
}

impl Refusals {
    /// Counts a refusal, and tells of it if it is the first of this metric for this reason.
    ///
    /// Takes no lock of the registry, and is called without one: whoever writes the log may record metrics.
    pub(crate) fn refuse(&self, refusal: Refusal, name: &str) {
        self.counter(refusal).increment(1);
        if self.is_news(refusal, name) {
            let (metric, reason) = (shown(name), refusal.as_str());
            tracing::warn!(
                target: "radiosonde",
                metric,
                reason,
                "a metric is refused; radiosonde_metrics_refused_total counts how often"
            );
        }
    }

    /// Counts a label set past the budget, and tells of it if that is news of this metric.
    pub(crate) fn overflow(&self, name: &str, is_news: bool) {
        self.0.overflowed.increment(1);
        if is_news {
            let metric = shown(name);
            tracing::warn!(
                target: "radiosonde",
                metric,
                "a metric has more label sets than the budget allows; its values go to the series \
                 otel_metric_overflow, and radiosonde_metrics_overflowed_total counts how often"
            );
        }
    }

    pub(crate) fn counter(&self, refusal: Refusal) -> &Counter {
        &self.0.refused[refusal as usize]
    }

    pub(crate) fn overflowed(&self) -> &Counter {
        &self.0.overflowed
    }

    /// Returns where the values of one metric go that are not numbers.
    pub(crate) fn of_values(&self, name: &str) -> RefusedValues {
        RefusedValues(Some(Arc::new(OfMetric {
            name: name.into(),
            refusals: self.clone(),
            told: AtomicBool::new(false),
        })))
    }

    fn is_news(&self, refusal: Refusal, name: &str) -> bool {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = &mut told[refusal as usize];
        let name = shown(name);
        // Looked for first: what is refused again and again should not be copied each time.
        told.len() < MOST_TOLD && !told.contains(name) && told.insert(name.into())
    }
}

/// The values that one metric was given and that are not numbers. Without a registry they are forgotten.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefusedValues(Option<Arc<OfMetric>>);

#[derive(Debug)]
struct OfMetric {
    name: Box<str>,
    refusals: Refusals,
    /// Values come more often than metrics are made: that something was told is known without a lock.
    told: AtomicBool,
}

impl RefusedValues {
    #[cold]
    pub(crate) fn refuse(&self) {
        let Some(metric) = &self.0 else {
            return;
        };
        if metric.told.swap(true, Relaxed) {
            metric.refusals.counter(Refusal::NotANumber).increment(1);
        } else {
            metric.refusals.refuse(Refusal::NotANumber, &metric.name);
        }
    }
}

/// Names may come from data, and be long.
fn shown(name: &str) -> &str {
    &name[..name.floor_char_boundary(100)]
}

/// Of a reason, more than this is only counted: names may come from data, and be many.
const MOST_TOLD: usize = 100;
