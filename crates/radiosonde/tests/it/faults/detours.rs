//! Telemetry reaches the address that it was configured with, or nothing.

use std::time::Duration;

use radiosonde::{Config, Sonde, build, ext};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tokio::runtime::Builder;

use super::protocol::{PROTOCOL, Protocol, in_children, serve};
use crate::account::Account;
use crate::child::{self, printed};

/// Runs a service of one request and one error to its end.
fn ended(config: Config) -> Sonde {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut parts = build(config).unwrap();
        let dispatch = ext::dispatch(&mut parts);
        let sonde = parts.into_sonde();
        tracing::dispatcher::with_default(&dispatch, || tracing::error!("it broke"));
        serve(&sonde, 1).await;
        sonde.shutdown(Duration::from_secs(30)).await;
        sonde
    })
}

/// Returns what became of each kind of telemetry.
fn accounts(sonde: &Sonde) -> [Account; 4] {
    [
        Account::of_spans(sonde),
        Account::of_records(sonde),
        Account::of_points(sonde),
        Account::of_reports(sonde),
    ]
}

/// Sends everything to one collector.
fn all_to(collector: &FaultCollector) -> Config {
    let dsn = format!("http://key@{}/1", collector.addr());
    let config = Config::new("checkout").sentry_dsn(dsn);
    config.otlp_endpoint(collector.endpoint())
}

#[test]
fn a_redirect_is_followed_by_nothing() {
    let name = "faults::detours::a_redirect_is_followed_by_nothing";
    let Some(protocol) = in_children(name, &[]) else {
        return;
    };
    let elsewhere = FaultCollector::start(protocol.takes());
    let moved = Mode::header(307, "location", &elsewhere.endpoint());
    let collector = FaultCollector::start(moved);
    for account in accounts(&ended(all_to(&collector))) {
        assert_eq!(account.sent, 0, "{account:?}");
        assert!(account.failed > 0, "{account:?}");
    }
    assert_eq!(elsewhere.received(), 0);
}

#[test]
fn proxies_of_the_environment_are_used_for_nothing() {
    if child::is_child() {
        let collector = FaultCollector::start(Protocol::of_child().takes());
        for account in accounts(&ended(all_to(&collector))) {
            assert!(account.sent > 0, "{account:?}");
        }
        // It speaks no TLS, which a proxy need not know.
        let dsn = format!("https://key@{}/1", collector.addr());
        let reports = Account::of_reports(&ended(Config::new("checkout").sentry_dsn(dsn)));
        assert_eq!((reports.all, reports.failed), (1, 1), "{reports:?}");
        return;
    }
    let name = "faults::detours::proxies_of_the_environment_are_used_for_nothing";
    let proxy = FaultCollector::start(Mode::status(200));
    let endpoint = proxy.endpoint();
    for protocol in Protocol::ALL {
        let mut variables = PROXIES.map(|variable| (variable, &*endpoint)).to_vec();
        variables.push((PROTOCOL, protocol.name()));
        printed(&child::run(name, &variables));
        assert_eq!(proxy.received(), 0, "{protocol:?}");
    }
}

const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];
