//! A child that reports, on a runtime that its test chooses.

use radiosonde_testkit::fault::FaultCollector;
use tokio::runtime::{Builder, Runtime};

use super::super::dsn;
use crate::child::{self, printed};

/// Runs a test in a child that reports to this collector, if to any, and returns what it printed.
pub(super) fn beside(
    collector: Option<&FaultCollector>,
    test: &str,
    flavour: usize,
    more: &[(&str, &str)],
) -> String {
    let (panics, flavour) = (panics().to_string(), flavour.to_string());
    let mut variables = vec![(PANICS, panics.as_str()), (FLAVOUR, flavour.as_str())];
    variables.extend(more);
    let dsn = collector.map(dsn);
    variables.extend(dsn.as_deref().map(|dsn| ("SENTRY_DSN", dsn)));
    printed(&child::run(test, &variables))
}

/// Returns the runtime that the test has chosen for this child: of one thread, with one worker, or with two.
pub(super) fn runtime() -> Runtime {
    let workers = |count| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(count);
        builder
    };
    let flavour = std::env::var(FLAVOUR).unwrap();
    let mut builder = match flavour.as_str() {
        "0" => Builder::new_current_thread(),
        "1" => workers(1),
        _ => workers(2),
    };
    builder.enable_all().build().unwrap()
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
const FLAVOUR: &str = "RADIOSONDE_TEST_FLAVOUR";

/// How many are enough where nothing is measured.
pub(super) const FEW: usize = 100;
