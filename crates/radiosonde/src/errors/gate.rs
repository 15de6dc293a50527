//! Which events are reported at all.

use radiosonde_catalog::ERROR_EVENTS_SUPPRESSED;
use radiosonde_metrics::{Counter, Registry};

use super::event::Event;
use super::limit::Limit;
use super::losses::Loss;
use crate::config::SentrySettings;

/// Lets events through that are to be reported, and counts the others. Never blocks.
#[derive(Debug)]
pub(super) struct Gate {
    errors: Vec<String>,
    routes: Vec<String>,
    targets: Vec<String>,
    sample_rate: f64,
    limit: Limit,
    ignored: Counter,
    sampled: Counter,
    limited: Counter,
    repeated: Counter,
}

impl Gate {
    pub(super) fn new(settings: &SentrySettings, registry: &Registry) -> Self {
        let options = &settings.options;
        let counter = |reason| registry.counter(&ERROR_EVENTS_SUPPRESSED, &[reason]);
        Self {
            errors: options.ignored_errors.clone(),
            routes: options.ignored_routes.clone(),
            targets: options.ignored_targets.clone(),
            sample_rate: settings.sample_rate,
            limit: Limit::per_minute(options.events_per_minute),
            ignored: counter("ignored"),
            sampled: counter("sampled"),
            limited: counter("limited"),
            repeated: counter("repeated"),
        }
    }

    /// Leaves out what the service does not want to hear of. That says nothing of the request that it happened in.
    ///
    /// # Errors
    ///
    /// Returns that it is ignored.
    pub(super) fn ignore(&self, event: &Event, route: Option<&str>) -> Result<(), Loss> {
        if self.ignores(event, route) {
            self.ignored.increment(1);
            return Err(Loss::Ignored);
        }
        Ok(())
    }

    /// Decides on an event that is news.
    ///
    /// # Errors
    ///
    /// Returns why it is not reported.
    pub(super) fn admit(&self) -> Result<(), Loss> {
        // A share of 1 is all of them.
        if self.sample_rate < 1.0 && fastrand::f64() >= self.sample_rate {
            self.sampled.increment(1);
            return Err(Loss::SampledOut);
        }
        if !self.limit.take() {
            self.limited.increment(1);
            return Err(Loss::Limited);
        }
        Ok(())
    }

    /// Counts an event that says what was reported in its request.
    pub(super) fn count_repeated(&self) {
        self.repeated.increment(1);
    }

    fn ignores(&self, event: &Event, route: Option<&str>) -> bool {
        route.is_some_and(|route| self.routes.iter().any(|ignored| ignored == route))
            || event.logger.as_deref().is_some_and(|target| {
                let mut targets = self.targets.iter();
                targets.any(|ignored| is_below(target, ignored))
            })
            || self.errors.iter().any(|ignored| is_about(event, ignored))
    }
}

/// Tells whether a target is this module or one below it.
fn is_below(target: &str, module: &str) -> bool {
    let rest = target.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Tells whether an event names an error of this type, or has this text in a message.
fn is_about(event: &Event, error: &str) -> bool {
    let message = event.message.as_deref().unwrap_or_default();
    let mut errors = event.exception.0.iter();
    message.contains(error)
        || errors.any(|found| found.kind == error || found.value.contains(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(sample_rate: f64) -> Gate {
        let registry = Registry::new();
        let counter = |reason| registry.counter(&ERROR_EVENTS_SUPPRESSED, &[reason]);
        Gate {
            errors: Vec::new(),
            routes: Vec::new(),
            targets: Vec::new(),
            sample_rate,
            limit: Limit::per_minute(1_000_000),
            ignored: counter("ignored"),
            sampled: counter("sampled"),
            limited: counter("limited"),
            repeated: counter("repeated"),
        }
    }

    #[test]
    fn a_share_of_the_events_is_that_share() {
        fastrand::seed(7);
        for (share, at_least, at_most) in [(0.0, 0, 0), (0.3, 2_800, 3_200), (1.0, 10_000, 10_000)]
        {
            let gate = gate(share);
            let admitted = (0..10_000).filter(|_| gate.admit().is_ok()).count();
            assert!(
                (at_least..=at_most).contains(&admitted),
                "{share}: {admitted}"
            );
            assert_eq!(gate.sampled.value(), 10_000 - admitted as u64);
        }
    }
}
