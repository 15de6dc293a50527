//! Error reports, taken by a fault collector that keeps them.

mod by_hand;
#[cfg(all(unix, feature = "axum", feature = "otlp"))]
mod ending;
mod envelopes;
#[cfg(all(target_os = "linux", feature = "axum", feature = "otlp"))]
mod flood;
#[cfg(all(unix, feature = "axum", feature = "otlp"))]
mod hanging;
#[cfg(feature = "axum")]
mod isolation;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod joined;
mod panics;
#[cfg(all(feature = "axum", feature = "otlp"))]
mod pauses;
#[cfg(feature = "axum")]
mod requests;
mod secrets;
#[cfg(all(
    feature = "axum",
    feature = "otlp",
    feature = "testing",
    feature = "tls"
))]
mod tls;
mod transport;

use std::time::Duration;

pub(crate) use envelopes::events;
use radiosonde::{Config, Sonde, build, ext};
use radiosonde_testkit::fault::FaultCollector;
use tracing::Dispatch;

fn dsn(collector: &FaultCollector) -> String {
    format!("http://key@{}/1", collector.addr())
}

/// Starts telemetry that reports to the collector, and the subscriber through which errors are logged.
fn reporting(collector: &FaultCollector, config: Config) -> (Sonde, Dispatch) {
    let mut parts = build(config.sentry_dsn(dsn(collector))).unwrap();
    let dispatch = ext::dispatch(&mut parts);
    (parts.into_sonde(), dispatch)
}

/// Logs errors with these messages.
fn log(dispatch: &Dispatch, messages: &[&str]) {
    tracing::dispatcher::with_default(dispatch, || {
        for message in messages {
            tracing::error!("{message}");
        }
    });
}

/// Returns the value of a counter of ours.
fn count(sonde: &Sonde, series: &str) -> u64 {
    let text = sonde.metrics().render();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    line.trim().parse().unwrap()
}

/// Waits until so many reports were sent, which takes as long as a busy machine needs: the end of a service does not wait for that.
#[track_caller]
fn all_sent(sonde: &Sonde, expected: u64) {
    radiosonde_testkit::eventually("the reports", Duration::from_mins(1), || {
        let sent = count(sonde, "radiosonde_error_events_sent_total ");
        (sent == expected).then_some(())
    });
}
