//! More errors than anybody reads.

use std::time::{Duration, Instant};

use radiosonde_testkit::fault::{FaultCollector, Mode};
use tokio::runtime::Runtime;

use super::envelopes::{discarded, events};
use super::{count, dsn};
use crate::account::Account;
use crate::child::{self, printed};
use crate::memory::resident;

/// How many errors are logged: by the first thread, and then by three at the same time.
const ERRORS: u64 = 100_000;

/// How many may be reported in a minute, where nothing else is said.
const LIMIT: u64 = 100;

/// Logs errors, while exports fail and reports fare as they do. Returns what became of the reports, how many errors were
/// suppressed, and by how many KiB the process has grown.
fn flood() -> (Account, u64, u64) {
    let log = || (0..ERRORS / 4).for_each(|order| tracing::error!(order, "it broke"));
    let began = Instant::now();
    let sonde = radiosonde::init("checkout").unwrap();
    // What is made once is made, and all waits that may.
    log();
    let before = resident();
    std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(log))));
    let grew = resident().saturating_sub(before);
    let end = sonde.shutdown(Duration::from_secs(30));
    Runtime::new().unwrap().block_on(end);
    let reports = Account::of_reports(&sonde);
    // A minute's worth at once, and then one after the other.
    let more = LIMIT * (began.elapsed().as_secs() + 1) / 60;
    let may = LIMIT..=LIMIT + more + 1;
    assert!(may.contains(&reports.all), "{reports:?}, {may:?}");
    let limited = r#"radiosonde_error_events_suppressed_total{reason="limited"} "#;
    (reports, count(&sonde, limited), grew)
}

#[test]
fn of_a_flood_of_errors_a_minutes_worth_is_reported_and_all_others_are_counted() {
    if child::is_child() {
        let (reports, limited, grew) = flood();
        assert_eq!(reports.all + limited, ERRORS, "{reports:?}");
        assert!(grew <= 8 * 1_024, "it grew by {grew} KiB");
        let sent = reports.sent;
        return println!("\nsent {sent}, suppressed {limited}, grew by {grew} KiB");
    }
    let name = "errors::flood::of_a_flood_of_errors_a_minutes_worth_is_reported_and_all_others_are_counted";
    for (mode, takes) in [(Mode::status(200), true), (Mode::status(503), false)] {
        let sentry = FaultCollector::start(mode);
        // What is said of exports that fail is no error of the service.
        let collector = FaultCollector::start(Mode::Refuse);
        let variables = [
            ("SENTRY_DSN", &*dsn(&sentry)),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            ("RADIOSONDE_LOG_LIMIT", "1"),
        ];
        let said = printed(&child::run(name, &variables));
        let figures = said.lines().find(|line| line.starts_with("sent "));
        println!("takes: {takes}, {}", figures.unwrap());
        let expected = if takes {
            let suppressed = discarded(&sentry)["backpressure"];
            format!("sent {}, suppressed {suppressed}, ", events(&sentry).len())
        } else {
            "sent 0, ".to_owned()
        };
        assert!(said.contains(&expected), "{expected}: {said}");
    }
}
