//! The pauses that Sentry asks for.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::errors::ErrorOptions;
use radiosonde::{Config, Service, Sonde};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use super::envelopes::{discarded, events, items};
use super::{all_sent, count, log, reporting};
use crate::account::Account;

const PATIENCE: Duration = Duration::from_secs(30);

/// A service with a release, whose sessions are told.
fn released() -> Config {
    Config::new(Service::new("checkout").version("1.4.2"))
}

/// Has a session begin, and end well.
async fn pass_a_session(sonde: &Sonde) {
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    let request = Request::get("/").body(Body::empty()).unwrap();
    drop(app.oneshot(request).await.unwrap());
    let ended = r#"radiosonde_sessions_ended_total{status="exited"} "#;
    assert_eq!(count(sonde, ended), 1);
}

#[tokio::test]
async fn a_pause_that_sentry_asks_for_is_kept_and_counted() {
    for asks in [
        Mode::header(429, "retry-after", "600"),
        Mode::header(
            429,
            "x-sentry-rate-limits",
            "600:error;session:organization",
        ),
    ] {
        let collector = FaultCollector::start(asks);
        let (sonde, dispatch) = reporting(&collector, Config::new("checkout"));
        log(&dispatch, &["the first"]);
        eventually("the refusal", PATIENCE, || {
            (count(&sonde, "radiosonde_error_events_failed_total ") == 1).then_some(())
        });
        log(&dispatch, &["the second", "the third"]);
        let report = sonde.shutdown(PATIENCE).await.error_reports;
        assert_eq!(
            (report.ended, report.sent, report.failed, report.dropped),
            (3, 0, 1, 2)
        );
        assert_eq!(collector.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_pause_for_errors_is_none_for_sessions() {
    let collector =
        FaultCollector::start(Mode::header(429, "x-sentry-rate-limits", "600:error:key"));
    let (sonde, dispatch) = reporting(&collector, released());
    log(&dispatch, &["it broke"]);
    let failed = || count(&sonde, "radiosonde_error_events_failed_total ") == 1;
    eventually("the refusal", PATIENCE, || failed().then_some(()));
    pass_a_session(&sonde).await;
    log(&dispatch, &["it broke again"]);
    sonde.shutdown(PATIENCE).await;
    assert_eq!(events(&collector).len(), 1);
    // It was offered, and not taken.
    assert!(!items(&collector, "sessions").is_empty());
    assert_eq!(count(&sonde, "radiosonde_sessions_sent_total "), 0);
}

#[tokio::test]
async fn a_pause_for_sessions_is_none_for_errors() {
    // Also what is taken may come with a pause.
    let asks = Mode::header(200, "x-sentry-rate-limits", "600:session:key");
    let collector = FaultCollector::start(asks);
    let (sonde, dispatch) = reporting(&collector, released());
    for sent in 1..=3 {
        log(&dispatch, &["it broke"]);
        all_sent(&sonde, sent);
    }
    pass_a_session(&sonde).await;
    sonde.shutdown(PATIENCE).await;
    assert_eq!(events(&collector).len(), 3);
    assert!(items(&collector, "sessions").is_empty());
    assert_eq!(count(&sonde, "radiosonde_sessions_sent_total "), 0);
}

#[tokio::test]
async fn after_a_pause_errors_and_sessions_are_sent_again_and_what_it_held_back_is_told() {
    let asks = Mode::header(429, "x-sentry-rate-limits", "1:error;session:key");
    let collector = FaultCollector::start(asks);
    let options = ErrorOptions::new().events_per_minute(100_000);
    let (sonde, dispatch) = reporting(&collector, released().errors(options));
    log(&dispatch, &["the first"]);
    assert_eq!(Account::of_reports(&sonde).failed, 1);
    collector.set(Mode::status(200));
    pass_a_session(&sonde).await;
    let account = eventually("the end of the pause", PATIENCE, || {
        log(&dispatch, &["another one"]);
        let account = Account::of_reports(&sonde);
        (account.sent > 0).then_some(account)
    });
    sonde.shutdown(PATIENCE).await;
    assert_eq!((account.sent, account.failed), (1, 1), "{account:?}");
    assert_eq!(events(&collector).len(), 2);
    assert_eq!(count(&sonde, "radiosonde_sessions_sent_total "), 1);
    let mut lost = discarded(&collector);
    assert_eq!(lost.remove("send_error"), Some(1));
    let held_back = lost.remove("ratelimit_backoff").unwrap_or_default();
    assert_eq!(held_back, account.dropped, "{account:?}");
    assert!(lost.is_empty(), "{lost:?}");
}
