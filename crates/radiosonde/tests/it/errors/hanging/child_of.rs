//! A child that reports, with as many workers as its test chooses.

use radiosonde_testkit::fault::FaultCollector;

use super::super::dsn;
use crate::child::{self, printed};
use crate::hanging::WORKERS;

/// Runs a test in a child that reports to this collector, if to any, and returns what it printed.
pub(super) fn beside(
    collector: Option<&FaultCollector>,
    test: &str,
    workers: usize,
    more: &[(&str, &str)],
) -> String {
    let (panics, workers) = (panics().to_string(), workers.to_string());
    let mut variables = vec![(PANICS, panics.as_str()), (WORKERS, workers.as_str())];
    variables.extend(more);
    let dsn = collector.map(dsn);
    variables.extend(dsn.as_deref().map(|dsn| ("SENTRY_DSN", dsn)));
    printed(&child::run(test, &variables))
}

/// How many handlers panic.
pub(super) fn panics() -> usize {
    std::env::var(PANICS).map_or(FEW, |text| text.parse().unwrap())
}

/// Tells whether figures are asked for.
pub(super) fn is_measured() -> bool {
    panics() > FEW
}

const PANICS: &str = "RADIOSONDE_TEST_PANICS";

/// How many are enough where nothing is measured.
pub(super) const FEW: usize = 100;
