//! What is lost where more comes than may wait, while the collector takes nothing.

use std::time::Duration;

use radiosonde::{Config, build, ext};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tokio::runtime::Builder;

use super::protocol::{in_children, serve};
use crate::account::Account;

/// How many spans, and log records, come in a burst.
const BURST: u64 = 1_000;

/// How many may wait, and how many are sent at once.
const QUEUE: u64 = 256;
const BATCH: u64 = 64;

#[test]
fn a_burst_that_a_collector_sleeps_through_is_lost_but_for_what_may_wait() {
    let name =
        "faults::overflow::a_burst_that_a_collector_sleeps_through_is_lost_but_for_what_may_wait";
    let variables = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "256"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "64"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "256"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "64"),
        ("OTEL_METRICS_EXPORTER", "none"),
        // What hangs does so for as long as this test needs.
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "600000"),
    ];
    let Some(protocol) = in_children(name, &variables) else {
        return;
    };
    let collector = FaultCollector::start(Mode::Hang);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config::new("checkout").otlp_endpoint(collector.endpoint());
    let mut parts = runtime.block_on(async { build(config.log_limit(0)).unwrap() });
    let dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let burst = || {
        let log = || (0..BURST).for_each(|order| tracing::info!(order, "an order"));
        tracing::dispatcher::with_default(&dispatch, log);
        runtime.block_on(serve(&sonde, BURST));
    };
    burst();
    for path in [protocol.traces(), protocol.logs()] {
        eventually(path, PATIENCE, || {
            let requests = collector.requests();
            requests.iter().any(|of| of.path() == path).then_some(())
        });
    }
    // A batch of each hangs. There is room for what the first burst left, and no more.
    burst();

    // It is killed, with what hangs, and comes back.
    collector.set(Mode::Refuse);
    collector.set(protocol.takes());
    let report = runtime.block_on(sonde.shutdown(PATIENCE));
    assert!(report.in_time, "{report:?}");
    let (spans, records) = (Account::of_spans(&sonde), Account::of_records(&sonde));
    for (account, path) in [(spans, protocol.traces()), (records, protocol.logs())] {
        assert_eq!(account.all, 2 * BURST, "{account:?}");
        assert_eq!(
            (account.sent, account.failed),
            (collector.accepted(path), 0)
        );
        // Heavy ones take the room of several.
        let waited = QUEUE / 4..=QUEUE + BATCH;
        assert!(waited.contains(&account.sent), "{account:?}");
        assert_eq!(account.dropped, account.all - account.sent);
    }
}

const PATIENCE: Duration = Duration::from_mins(1);
