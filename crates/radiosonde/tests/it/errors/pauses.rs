//! The pauses that Sentry asks for.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::{Config, Service};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use super::envelopes::{events, items};
use super::{count, log, reporting};

const PATIENCE: Duration = Duration::from_secs(30);

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
    let service = Service::new("checkout").version("1.4.2");
    let (sonde, dispatch) = reporting(&collector, Config::new(service));
    log(&dispatch, &["it broke"]);
    let failed = || count(&sonde, "radiosonde_error_events_failed_total ") == 1;
    eventually("the refusal", PATIENCE, || failed().then_some(()));
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    let request = Request::get("/").body(Body::empty()).unwrap();
    drop(app.oneshot(request).await.unwrap());
    log(&dispatch, &["it broke again"]);
    sonde.shutdown(PATIENCE).await;
    assert_eq!(events(&collector).len(), 1);
    // It was offered, and not taken.
    assert!(!items(&collector, "sessions").is_empty());
    assert_eq!(count(&sonde, "radiosonde_sessions_sent_total "), 0);
}
