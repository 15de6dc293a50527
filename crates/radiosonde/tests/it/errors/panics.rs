//! Panics and logged errors of a whole process.

use std::time::{Duration, Instant};

use radiosonde::errors::ErrorOptions;
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use serde_json::Value;

use super::envelopes::events;
use super::{all_sent, count, dsn};
use crate::child::{self, printed};

/// Runs a child that reports to the collector, and returns what arrived when it has ended.
fn reported(name: &str, collector: &FaultCollector) -> Vec<Value> {
    printed(&child::run(name, &[("SENTRY_DSN", &dsn(collector))]));
    events(collector)
}

#[test]
fn a_record_of_the_log_crate_is_reported_under_its_own_name() {
    if child::is_child() {
        let sonde = radiosonde::init("checkout").unwrap();
        log::error!(target: "elsewhere", "it broke");
        all_sent(&sonde, 1);
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let events = reported(
        "errors::panics::a_record_of_the_log_crate_is_reported_under_its_own_name",
        &collector,
    );
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(
        (&events[0]["logger"], &events[0]["message"]),
        (&"elsewhere".into(), &"it broke".into())
    );
    assert!(events[0].get("extra").is_none(), "{events:?}");
}

/// Without timers, the tasks that measure lateness and budgets only find out by a panic, which is caught.
#[cfg(feature = "slo")]
#[test]
fn what_is_tried_in_a_runtime_without_timers_is_no_panic_of_the_service() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| println!("the hook of the host")));
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        runtime.block_on(async {
            let api = radiosonde_catalog::objective::Objective::availability("api", 99.0);
            let config = radiosonde::Config::new("checkout").objective(api);
            let sonde = radiosonde::init(config).unwrap();
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let text = sonde.metrics().render();
            assert!(text.contains("panics_total 0\n"), "{text}");
        });
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let dsn = dsn(&collector);
    let name =
        "errors::panics::what_is_tried_in_a_runtime_without_timers_is_no_panic_of_the_service";
    let text = printed(&child::run(name, &[("SENTRY_DSN", &dsn)]));
    assert!(!text.contains("the hook of the host"), "{text}");
    assert_eq!(events(&collector), Vec::<Value>::new());
}

#[test]
fn panics_are_reported_and_go_on_to_the_hook_that_was_there() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| println!("the hook of the host")));
        let config = radiosonde::Config::new("checkout").flush_timeout(Duration::from_secs(5));
        let sonde = radiosonde::init(config).unwrap();
        for _ in 0..3 {
            std::thread::spawn(|| panic!("as expected"))
                .join()
                .unwrap_err();
        }
        let captured = "radiosonde_error_events_captured_total 3\n";
        assert!(sonde.metrics().render().contains(captured));
        all_sent(&sonde, 3);
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let dsn = dsn(&collector);
    let name = "errors::panics::panics_are_reported_and_go_on_to_the_hook_that_was_there";
    let text = printed(&child::run(name, &[("SENTRY_DSN", &dsn)]));
    assert_eq!(text.matches("the hook of the host").count(), 3, "{text}");
    let values: Vec<_> = events(&collector)
        .iter()
        .map(|event| event["exception"]["values"][0]["value"].clone())
        .collect();
    assert_eq!(values, ["as expected"; 3]);
}

#[test]
fn panics_are_ignored_by_what_they_are_called_and_nothing_by_no_name() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| {}));
        let options = ErrorOptions::new()
            .ignore_errors(["panic", ""])
            .ignore_targets([""])
            .ignore_routes([""]);
        let config = radiosonde::Config::new("checkout").errors(options);
        let sonde = radiosonde::init(config).unwrap();
        let thread = std::thread::spawn(|| panic!("as expected"));
        thread.join().unwrap_err();
        tracing::error!("it broke");
        let ignored = r#"radiosonde_error_events_suppressed_total{reason="ignored"} "#;
        assert_eq!(count(&sonde, ignored), 1);
        assert_eq!(count(&sonde, "panics_total "), 1);
        all_sent(&sonde, 1);
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let name = "errors::panics::panics_are_ignored_by_what_they_are_called_and_nothing_by_no_name";
    let events = reported(name, &collector);
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["message"], "it broke");
}

#[test]
fn while_sentry_hangs_a_panic_waits_for_nothing() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| {}));
        let sonde = radiosonde::init("checkout").unwrap();
        let before = Instant::now();
        for _ in 0..1_000 {
            std::thread::spawn(|| panic!("as expected"))
                .join()
                .unwrap_err();
        }
        // Far more than a thousand threads take, and far less than one flush.
        assert!(
            before.elapsed() < Duration::from_secs(20),
            "{:?}",
            before.elapsed()
        );
        let text = sonde.metrics().render();
        assert!(text.contains("\npanics_total 1000\n"), "{text}");
        let captured = count(&sonde, "radiosonde_error_events_captured_total ");
        let limited = count(
            &sonde,
            r#"radiosonde_error_events_suppressed_total{reason="limited"} "#,
        );
        assert!(captured >= 100, "{captured}");
        assert_eq!(captured + limited, 1_000);
        return;
    }
    let collector = FaultCollector::start(Mode::Hang);
    let dsn = dsn(&collector);
    printed(&child::run(
        "errors::panics::while_sentry_hangs_a_panic_waits_for_nothing",
        &[("SENTRY_DSN", &dsn)],
    ));
    eventually("a report that hangs", Duration::from_secs(10), || {
        (!collector.requests().is_empty()).then_some(())
    });
}

#[cfg(feature = "axum")]
#[test]
fn a_panic_is_one_event_whoever_catches_it_and_says_so() {
    use std::panic::AssertUnwindSafe;

    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use futures_util::FutureExt as _;
    use tower::ServiceExt as _;

    let name = "errors::panics::a_panic_is_one_event_whoever_catches_it_and_says_so";
    if !child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let events = reported(name, &collector);
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                let panic = &event["exception"]["values"][0]["value"];
                (event["transaction"].clone(), panic.clone())
            })
            .collect();
        let expected = [
            ("GET /caught".into(), "this handler panics".into()),
            ("GET /joined".into(), "this task panics".into()),
            (Value::Null, "this \"task\" is on its own".into()),
            ("GET /unwinds".into(), "this handler panics as well".into()),
        ];
        assert_eq!(told, expected, "{events:#?}");
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    let config = radiosonde::Config::new("checkout").flush_timeout(Duration::from_secs(5));
    let sonde = radiosonde::init(config).unwrap();
    let caught = async || {
        let panics = AssertUnwindSafe(async { panic!("this handler panics") });
        let panic = panics.catch_unwind().await.unwrap_err();
        let text = panic.downcast_ref::<&str>().unwrap();
        tracing::error!("Service panicked: {text}");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let joined = async || {
        let task = radiosonde::errors::within_request(async { panic!("this task panics") });
        let error = tokio::spawn(task).await.unwrap_err();
        tracing::error!(error = &error as &dyn std::error::Error, "the task is gone");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let spawned = async || {
        let task = async { panic!("this \"task\" is on its own") };
        let error = tokio::spawn(task).await.unwrap_err();
        radiosonde::errors::set_cause(&error);
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let unwinds = async || -> StatusCode { panic!("this handler panics as well") };
    let app = Router::new()
        .route("/caught", get(caught))
        .route("/joined", get(joined))
        .route("/spawned", get(spawned))
        .route("/unwinds", get(unwinds))
        .layer(sonde.layer());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for path in ["/caught", "/joined", "/spawned", "/unwinds"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = AssertUnwindSafe(app.clone().oneshot(request));
            let _ = answer.catch_unwind().await;
        }
    });
    assert_eq!(count(&sonde, "panics_total "), 4);
    all_sent(&sonde, 4);
}

/// What panics when it becomes a text.
#[cfg(feature = "axum")]
#[derive(Clone, Copy)]
struct Unspeakable;

#[cfg(feature = "axum")]
impl From<Unspeakable> for String {
    fn from(_: Unspeakable) -> Self {
        panic!("no name")
    }
}

#[cfg(feature = "axum")]
impl std::fmt::Debug for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("nothing to see")
    }
}

#[cfg(feature = "axum")]
impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("nothing to say")
    }
}

#[cfg(feature = "axum")]
impl std::error::Error for Unspeakable {}

/// Says something of its request when it goes.
#[cfg(feature = "axum")]
struct Parting;

#[cfg(feature = "axum")]
impl Drop for Parting {
    fn drop(&mut self) {
        radiosonde::errors::set_tag("parting", "while unwinding");
    }
}

/// The hook asks for the notes of the request that panics: nothing of the service's may run while they are locked.
#[cfg(feature = "axum")]
#[test]
fn what_is_said_of_a_request_may_panic_while_it_is_said() {
    use std::panic::AssertUnwindSafe;

    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use futures_util::FutureExt as _;
    use radiosonde::errors::{set_cause, set_tag, within_request};
    use tower::ServiceExt as _;

    let name = "errors::panics::what_is_said_of_a_request_may_panic_while_it_is_said";
    if !child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let events = reported(name, &collector);
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                let panic = event["exception"]["values"][0]["value"].as_str();
                let transaction = event["transaction"].as_str();
                assert_eq!(event["tags"]["tenant"], "acme", "{event:#}");
                (transaction.unwrap(), panic.unwrap())
            })
            .collect();
        let expected = [
            ("GET /tag", "no name"),
            ("GET /task", "no name"),
            ("GET /cause", "nothing to say"),
            ("GET /field", "nothing to see"),
            ("GET /error", "nothing to say"),
            ("GET /parting", "no more"),
        ];
        assert_eq!(told, expected, "{events:#?}");
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    let config = radiosonde::Config::new("checkout").flush_timeout(Duration::from_secs(5));
    let sonde = radiosonde::init(config).unwrap();
    let handler = async |what: &'static str| {
        set_tag("tenant", "acme");
        match what {
            "tag" => set_tag(Unspeakable, "x"),
            "task" => within_request(async { set_tag("name", Unspeakable) }).await,
            "cause" => set_cause(&Unspeakable),
            "field" => tracing::info!(value = ?Unspeakable, "it goes on"),
            "error" => {
                let error: &(dyn std::error::Error + 'static) = &Unspeakable;
                tracing::error!(error, "it broke");
            }
            _ => {
                let _parting = Parting;
                panic!("no more");
            }
        }
    };
    let paths = ["/tag", "/task", "/cause", "/field", "/error", "/parting"];
    let app = paths
        .into_iter()
        .fold(Router::new(), |app, path| {
            let what = path.trim_start_matches('/');
            app.route(path, get(move || handler(what)))
        })
        .layer(sonde.layer());
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for path in paths {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = AssertUnwindSafe(app.clone().oneshot(request));
            assert!(runtime.block_on(answer.catch_unwind()).is_err(), "{path}");
        }
    });
    eventually("an answer to all", Duration::from_mins(1), || {
        asked.is_finished().then_some(())
    });
    asked.join().unwrap();
    assert_eq!(count(&sonde, "panics_total "), 6);
    all_sent(&sonde, 6);
}
