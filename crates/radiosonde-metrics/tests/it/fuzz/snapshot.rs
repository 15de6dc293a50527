//! A snapshot of error budgets that is anything: the body of the fuzz target, which `fuzz/` and the tests share.

use std::time::{Duration, UNIX_EPOCH};

use radiosonde_catalog::fnv_1a;
use radiosonde_catalog::objective::{Objective, Objectives};
use radiosonde_metrics::slo::Slos;
use radiosonde_metrics::{Registry, RegistryOptions};

/// Restores bytes as they are, and bytes that pretend to be what they are not: with the right begin and the right end.
///
/// Whatever is taken makes sense, and goes on as it is.
pub(crate) fn run(bytes: &[u8]) {
    restore(bytes);
    let mut pretending = b"RSNDSLO1".to_vec();
    pretending.extend_from_slice(bytes);
    let checksum = fnv_1a(&pretending).to_le_bytes();
    pretending.extend(checksum);
    restore(&pretending);
}

fn restore(bytes: &[u8]) {
    let time = UNIX_EPOCH + Duration::from_hours(24 * 365 * 50);
    let slos = slos();
    if slos.restore(bytes, time).is_err() {
        assert!(slos.report().iter().all(|budget| budget.period.events == 0));
        return;
    }
    let report = slos.report();
    for budget in &report {
        assert!(budget.remaining.is_finite());
        for window in &budget.windows {
            assert!(window.counts.bad <= window.counts.events);
            assert!(window.burn_rate.is_finite() && window.burn_rate >= 0.0);
        }
    }
    let again = self::slos();
    let restored = again.restore(&slos.snapshot(time), time);
    assert!(restored.is_ok_and(|restored| restored.started_anew.is_empty()));
    assert_eq!(again.report(), report);
}

/// Budgets with short names, which bytes by chance may hit.
fn slos() -> Slos {
    let objectives = [
        Objective::availability("a", 99.9),
        Objective::latency("b", 95.0, Duration::from_millis(300)).for_each(["/"]),
    ];
    let objectives = Objectives::new(objectives).expect("objectives that are right");
    let registry = Registry::with_options(RegistryOptions::new().objectives(objectives));
    Slos::watch_by(&registry, || Duration::ZERO)
}
