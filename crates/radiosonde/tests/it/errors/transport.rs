//! What becomes of reports on their way, with an account that is exact.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use radiosonde::errors::ErrorOptions;
use radiosonde::{Config, Sonde};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use serde_json::json;
use tower::ServiceExt as _;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use super::envelopes::{discarded, events, items};
use super::{count, log, reporting};

const PATIENCE: Duration = Duration::from_secs(30);

fn config(options: ErrorOptions) -> Config {
    Config::new("checkout").errors(options)
}

/// Waits until so many were captured and all of them are lost: a worker that was given up on may be about to say so.
#[track_caller]
fn all_lost(sonde: &Sonde, expected: u64) {
    let of = |what| count(sonde, &format!("radiosonde_error_events_{what}_total "));
    eventually("the account", PATIENCE, || {
        (of("failed") + of("dropped") == expected).then_some(())
    });
    assert_eq!((of("captured"), of("sent")), (expected, 0));
}

#[tokio::test]
async fn reports_arrive_with_what_is_known_of_the_deployment() {
    let collector = FaultCollector::start(Mode::status(200));
    let service = radiosonde::Service::new("checkout").version("1.4.2");
    let (sonde, dispatch) = reporting(&collector, Config::new(service).environment("staging"));
    log(&dispatch, &["it broke"]);
    let report = sonde.shutdown(PATIENCE).await.error_reports;
    assert_eq!((report.ended, report.sent), (1, 1), "{report:?}");

    let request = &collector.requests()[0];
    assert!(request.request_line.starts_with("POST /api/1/envelope/ "));
    let auth = &request
        .headers
        .iter()
        .find(|(name, _)| name == "x-sentry-auth");
    assert!(auth.unwrap().1.contains("sentry_key=key"), "{auth:?}");
    let event = &events(&collector)[0];
    for (member, expected) in [
        ("message", "it broke"),
        ("level", "error"),
        ("platform", "native"),
        ("release", "checkout@1.4.2"),
        ("environment", "staging"),
    ] {
        assert_eq!(event[member], expected, "{event:#}");
    }
    assert_eq!(event["event_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_is_given_up_at_the_deadline() {
    let collector = FaultCollector::start(Mode::Hang);
    let (sonde, dispatch) = reporting(&collector, Config::new("checkout"));
    log(&dispatch, &["it broke"; 40]);
    let before = Instant::now();
    sonde.shutdown(Duration::from_millis(400)).await;
    // Far more than the deadline, and far less than for ever.
    assert!(before.elapsed() < Duration::from_secs(20));
    all_lost(&sonde, 40);
}

#[tokio::test]
async fn what_does_not_fit_the_queue_is_dropped_and_counted() {
    let collector = FaultCollector::start(Mode::Hang);
    let options = ErrorOptions::new().events_per_minute(1_000);
    let (sonde, dispatch) = reporting(&collector, config(options));
    log(&dispatch, &["it broke"; 300]);
    let lost = |what| count(&sonde, &format!("radiosonde_error_events_{what}_total "));
    // A hundred wait, one may be on its way, and more have been given up on if this took long.
    let lost = lost("dropped") + lost("failed");
    assert!((199..=200).contains(&lost), "{lost}");
    sonde.shutdown(Duration::from_millis(200)).await;
    all_lost(&sonde, 300);
}

#[tokio::test]
async fn more_than_the_minute_may_have_are_suppressed_and_counted() {
    let collector = FaultCollector::start(Mode::status(200));
    let options = ErrorOptions::new().events_per_minute(2);
    let (sonde, dispatch) = reporting(&collector, config(options));
    log(&dispatch, &["it broke"; 5]);
    let suppressed = r#"radiosonde_error_events_suppressed_total{reason="limited"} "#;
    assert_eq!(count(&sonde, suppressed), 3);
    let report = sonde.shutdown(PATIENCE).await.error_reports;
    assert_eq!((report.ended, report.sent), (2, 2));
    assert_eq!(events(&collector).len(), 2);
}

#[tokio::test]
async fn what_is_ignored_is_counted_and_told_to_sentry() {
    let collector = FaultCollector::start(Mode::status(200));
    let options = ErrorOptions::new()
        .ignore_errors(["ParseIntError", "as usual"])
        .ignore_targets(["noisy"]);
    let (sonde, dispatch) = reporting(&collector, config(options));
    tracing::dispatcher::with_default(&dispatch, || {
        let error = "x".parse::<u8>().unwrap_err();
        tracing::error!(error = &error as &dyn std::error::Error, "no number");
        tracing::error!("it broke as usual");
        tracing::error!(target: "noisy::module", "it broke");
        tracing::error!(target: "noisyless", "it broke");
    });
    let suppressed = r#"radiosonde_error_events_suppressed_total{reason="ignored"} "#;
    assert_eq!(count(&sonde, suppressed), 3);
    sonde.shutdown(PATIENCE).await;
    let events = events(&collector);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["logger"], "noisyless");
    let lost = [("event_processor".to_owned(), 3)];
    assert_eq!(discarded(&collector), lost.into());
}

#[tokio::test]
async fn what_is_lost_is_told_where_no_event_and_no_session_is() {
    let collector = FaultCollector::start(Mode::status(200));
    // Without a version there is no release, and no health of one.
    let options = ErrorOptions::new().ignore_errors(["as usual"]);
    let (sonde, dispatch) = reporting(&collector, config(options));
    log(&dispatch, &["it broke as usual"]);
    sonde.shutdown(PATIENCE).await;
    assert!(events(&collector).is_empty());
    assert!(items(&collector, "sessions").is_empty());
    let lost = [("event_processor".to_owned(), 1)];
    assert_eq!(discarded(&collector), lost.into());
    assert_eq!(items(&collector, "client_report").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_after_the_last_of_the_sessions_is_told_all_the_same() {
    let collector = FaultCollector::start(Mode::status(200));
    let (lets_go, waits) = std::sync::mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let options = ErrorOptions::new().before_send(move |_| {
        let _ = waits.lock().unwrap().recv();
        None
    });
    let service = radiosonde::Service::new("checkout").version("1.4.2");
    let (sonde, dispatch) = reporting(&collector, Config::new(service).errors(options));
    let app = Router::new().fallback(async || "").layer(sonde.layer());
    app.oneshot(Request::new(Body::empty())).await.unwrap();
    log(&dispatch, &["it broke"]);
    let ends = tokio::spawn(async move { sonde.shutdown(PATIENCE).await });
    let told = || (!items(&collector, "sessions").is_empty()).then_some(());
    eventually("the sessions", PATIENCE, told);
    assert!(discarded(&collector).is_empty());
    drop(lets_go);
    ends.await.unwrap();
    // Where the machine is slow, it was given up on before.
    assert_eq!(discarded(&collector).values().sum::<u64>(), 1);
}

#[tokio::test]
async fn the_service_may_change_a_report_or_keep_it_back() {
    let collector = FaultCollector::start(Mode::status(200));
    let options = ErrorOptions::new().before_send(|mut report| {
        match report.message() {
            Some("keep it back") => return None,
            Some("panic") => panic!("as expected"),
            _ => {}
        }
        report.set_tag("team", "checkout");
        report.set_fingerprint(["by hand"]);
        Some(report)
    });
    let (sonde, dispatch) = reporting(&collector, config(options));
    log(&dispatch, &["keep it back", "panic", "send it"]);
    let report = sonde.shutdown(PATIENCE).await.error_reports;
    assert_eq!(
        (report.ended, report.sent, report.failed, report.dropped),
        (3, 1, 1, 1)
    );
    let events = events(&collector);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["tags"], json!({"team": "checkout"}));
    assert_eq!(events[0]["fingerprint"], json!(["by hand"]));
    let lost = ["before_send", "internal_sdk_error"].map(|reason| (reason.to_owned(), 1));
    assert_eq!(discarded(&collector), lost.into());
}

#[tokio::test]
async fn a_service_that_never_returns_a_report_costs_reports_and_nothing_else() {
    let collector = FaultCollector::start(Mode::status(200));
    let (_held, hangs) = std::sync::mpsc::channel::<()>();
    let hangs = std::sync::Mutex::new(hangs);
    let options = ErrorOptions::new().before_send(move |report| {
        let _ = hangs.lock().unwrap().recv();
        Some(report)
    });
    let (sonde, dispatch) = reporting(&collector, config(options));
    log(&dispatch, &["it broke"; 20]);
    sonde.shutdown(Duration::from_millis(300)).await;
    all_lost(&sonde, 20);
}

#[tokio::test]
async fn a_share_of_none_sends_none() {
    if !crate::child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let name = "errors::transport::a_share_of_none_sends_none";
        let dsn = super::dsn(&collector);
        let variables = [("SENTRY_DSN", dsn.as_str()), ("SENTRY_SAMPLE_RATE", "0")];
        crate::child::printed(&crate::child::run(name, &variables));
        assert!(events(&collector).is_empty());
        return;
    }
    let sonde = radiosonde::init("checkout").unwrap();
    (0..10).for_each(|_| tracing::error!("it broke"));
    let suppressed = r#"radiosonde_error_events_suppressed_total{reason="sampled"} "#;
    assert_eq!(count(&sonde, suppressed), 10);
    assert_eq!(count(&sonde, "radiosonde_error_events_captured_total "), 0);
}

#[test]
fn the_log_tells_what_becomes_of_each_report_where_that_is_asked_for() {
    let name =
        "errors::transport::the_log_tells_what_becomes_of_each_report_where_that_is_asked_for";
    if crate::child::is_child() {
        let log = Outcomes::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (mode, expected) in FATES {
            let expected = if is_told() { expected } else { &[] };
            runtime.block_on(report_to(mode()));
            // What is given up may be about to say so.
            eventually("what becomes of each", PATIENCE, || {
                (log.0.lock().unwrap().len() >= expected.len()).then_some(())
            });
            let told = std::mem::take(&mut *log.0.lock().unwrap());
            assert_eq!(told, expected);
        }
        return;
    }
    for debug in ["true", "false"] {
        crate::child::printed(&crate::child::run(name, &[("SENTRY_DEBUG", debug)]));
    }
}

type Fates = (fn() -> Mode, &'static [&'static str]);

/// What Sentry does, and what becomes of three reports.
const FATES: [Fates; 4] = [
    (
        || Mode::status(200),
        &[
            "sent",
            "kept back by the service",
            "its preparation panicked",
        ],
    ),
    (
        || Mode::status(503),
        &[
            "Sentry answered 503 Service Unavailable",
            "kept back by the service",
            "its preparation panicked",
        ],
    ),
    (
        || Mode::header(429, "retry-after", "600"),
        &[
            "Sentry answered 429 Too Many Requests",
            "held back: Sentry asked for a pause",
            "held back: Sentry asked for a pause",
        ],
    ),
    // The others still wait.
    (|| Mode::Hang, &["given up: there was no answer in time"]),
];

fn is_told() -> bool {
    std::env::var("SENTRY_DEBUG").is_ok_and(|debug| debug == "true")
}

/// Reports three errors, and ends when Sentry has taken them, or hangs.
async fn report_to(mode: Mode) {
    let hangs = matches!(mode, Mode::Hang);
    let collector = FaultCollector::start(mode);
    let options = ErrorOptions::new().before_send(|report| {
        let (_, text) = report.errors().next()?;
        match text {
            "keep it back" => None,
            "panic" => panic!("as expected"),
            _ => Some(report),
        }
    });
    let config = config(options).sentry_dsn(super::dsn(&collector));
    let sonde = radiosonde::build(config).unwrap().into_sonde();
    for text in ["send it", "keep it back", "panic"] {
        sonde.report(&std::io::Error::other(text));
    }
    if hangs {
        eventually("a report that hangs", PATIENCE, || {
            (!collector.requests().is_empty()).then_some(())
        });
    }
    let patience = if hangs { Duration::ZERO } else { PATIENCE };
    sonde.shutdown(patience).await;
}

/// Keeps what the log tells of reports.
#[derive(Clone, Default)]
struct Outcomes(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Outcomes {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Outcomes {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "outcome" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
