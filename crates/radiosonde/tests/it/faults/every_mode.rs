//! The end of a service whose collector fails in any way.

use std::thread;
use std::time::{Duration, Instant};

use radiosonde::{Config, Sonde, build, ext};
#[cfg(feature = "otlp-grpc")]
use radiosonde_testkit::fault::grpc;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::size;
use tokio::runtime::{Builder, Runtime};

use super::protocol::{Protocol, in_children, serve};
use crate::account::Account;

/// Every way to misbehave, and whether something arrives nevertheless.
pub(crate) fn modes(protocol: Protocol) -> Vec<(&'static str, Mode, bool)> {
    let mut modes = vec![
        ("none", protocol.takes(), true),
        ("refuse", Mode::Refuse, false),
        ("black hole", Mode::BlackHole, false),
        ("hang", Mode::Hang, false),
        ("reset", Mode::Reset, false),
        ("break off", Mode::BreakOff, false),
        ("unavailable", protocol.is_unavailable(), false),
        ("throttle", protocol.throttles(600), false),
        ("pause", protocol.pauses(600), false),
        ("nonsense", protocol.says(b"<html>"), false),
        ("a proxy that is ill", Mode::status(503), false),
        ("a proxy that knows nothing", Mode::status(404), false),
        ("a page", Mode::answer("text/html", "<html>"), false),
    ];
    modes.extend(match protocol {
        Protocol::Http => vec![
            ("drip", Mode::drip(), false),
            ("partial success", Mode::partial(2), true),
            ("oversized", Mode::oversized(), false),
            ("malformed", Mode::status(400), false),
            ("broken", Mode::status(500), false),
        ],
        #[cfg(feature = "otlp-grpc")]
        Protocol::Grpc => vec![
            ("drip", grpc::drip(), false),
            ("partial success", grpc::partial(2), true),
            ("oversized", grpc::oversized(), false),
            ("malformed", grpc::status("3"), false),
            ("exhausted for good", grpc::status("8"), false),
            ("an unknown status", grpc::status("?"), false),
            ("no status", Mode::answer("application/grpc", [0; 5]), false),
            ("HTTP/1.1", Mode::verbatim(*b"HTTP/1.1 200 \r\n\r\n"), false),
        ],
    });
    modes
}

/// Every kind of runtime that a host may have, and the one worker that may be all there is.
fn runtimes() -> [(&'static str, Runtime); 3] {
    let of = |workers| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers).enable_all().build()
    };
    let single = Builder::new_current_thread().enable_all().build();
    [
        ("current thread", single.unwrap()),
        ("one worker", of(1).unwrap()),
        ("two workers", of(2).unwrap()),
    ]
}

/// Runs a service that ends after twenty requests and log records, and returns how long the end took.
fn shut_down(runtime: &Runtime, endpoint: &str, budget: Duration) -> (Sonde, Duration) {
    runtime.block_on(async {
        let mut parts = build(Config::new("checkout").otlp_endpoint(endpoint)).unwrap();
        let dispatch = ext::dispatch(&mut parts);
        let sonde = parts.into_sonde();
        let log = || (0..20).for_each(|order| tracing::info!(order, "an order"));
        tracing::dispatcher::with_default(&dispatch, log);
        serve(&sonde, 20).await;
        let before = Instant::now();
        sonde.shutdown(budget).await;
        (sonde, before.elapsed())
    })
}

#[test]
fn in_every_mode_the_accounts_add_up_and_the_end_comes_in_time() {
    let name = "faults::every_mode::in_every_mode_the_accounts_add_up_and_the_end_comes_in_time";
    let Some(protocol) = in_children(name, &[]) else {
        return;
    };
    // What they do is wait.
    thread::scope(|scope| {
        for (flavour, runtime) in runtimes() {
            scope.spawn(move || {
                for (mode_name, mode, arrives) in modes(protocol) {
                    let case = format!("{mode_name} on {flavour}");
                    ends_in_time(&case, &runtime, protocol, mode, arrives);
                }
            });
        }
    });
}

fn ends_in_time(case: &str, runtime: &Runtime, protocol: Protocol, mode: Mode, arrives: bool) {
    let collector = FaultCollector::start(mode);
    // What arrives takes as long as it takes on a busy machine; what does not takes all there is: at full size, as much as there
    // is by default.
    let budget = if arrives { 20_000 } else { size(600, 3_000) };
    let budget = Duration::from_millis(budget.try_into().unwrap());
    let (sonde, took) = shut_down(runtime, &collector.endpoint(), budget);
    // The promise is five seconds, also for what takes all there is. A machine that is busy may take its time.
    let promised = !arrives && size(0, 1) == 1;
    let most = Duration::from_secs(if promised { 5 } else { 40 });
    assert!(took < most, "{case} took {took:?}");
    let (points, spans) = (Account::of_points(&sonde), Account::of_spans(&sonde));
    let records = Account::of_records(&sonde);
    assert_eq!((spans.all, records.all), (20, 20), "{case}");
    // A collector takes all signals or none here, and says of each what it took. What is none takes a message with success, and
    // accepts nothing of it. Metrics may not even be read in time.
    assert_eq!(points.sent > 0, arrives, "{case}: {points:?}");
    for (account, path) in [(spans, protocol.traces()), (records, protocol.logs())] {
        let accepted = if arrives { collector.accepted(path) } else { 0 };
        assert_eq!(account.sent, accepted, "{case}: {account:?}");
        assert_eq!(accepted > 0, arrives, "{case}: {account:?}");
        assert!(
            account.sent == 20 || !case.starts_with("none "),
            "{case}: {account:?}"
        );
    }
}
