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
    /// What was told, by reason and name.
    told: Mutex<BTreeSet<(&'static str, String)>>,
}

impl Refusals {
    /// Counts a refusal, and tells of it if it is the first of this metric for this reason.
    ///
    /// Takes no lock of the registry, and is called without one: whoever writes the log may record metrics.
    pub(crate) fn refuse(&self, refusal: Refusal, name: &str) {
        self.counter(refusal).increment(1);
        let reason = refusal.as_str();
        if self.is_news(reason, name) {
            let metric = shown(name);
            tracing::warn!(
                target: "radiosonde",
                metric,
                reason,
                "a metric is refused; radiosonde_metrics_refused_total counts how often"
            );
        }
    }

    /// Counts a label set past the budget, and tells of it if it is the first of this metric.
    pub(crate) fn overflow(&self, name: &str) {
        self.0.overflowed.increment(1);
        if self.is_news("overflow", name) {
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

    fn is_news(&self, reason: &'static str, name: &str) -> bool {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MOST_TOLD && told.insert((reason, shown(name).to_owned()))
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

/// More than this is only counted: names may come from data, and be many.
const MOST_TOLD: usize = 100;
