//! Telemetry that is local to a test, and what its assertions say when they fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use radiosonde::testing::Telemetry;
use radiosonde::{Config, LogFormat};

/// Runs an assertion that fails, and returns its message.
fn failure(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion holds");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

fn ordered() -> Telemetry {
    let telemetry = Telemetry::new("checkout");
    telemetry.record(|| {
        metrics::counter!("orders_total", "currency" => "EUR", "channel" => "web").increment(2);
        metrics::counter!("orders_total", "currency" => "USD", "channel" => "web").increment(3);
        metrics::counter!("orders_total", "currency" => "EUR", "channel" => "\"shop\"\n")
            .increment(4);
        metrics::gauge!("queue_depth", "queue" => "in").set(1.5);
        metrics::gauge!("queue_depth", "queue" => "out").set(-4.0);
        metrics::histogram!("wait_seconds", "queue" => "in").record(0.25);
        metrics::histogram!("wait_seconds", "queue" => "out").record(0.5);
        metrics::histogram!("wait_seconds", "queue" => "out").record(7.0);
    });
    telemetry
}

#[test]
fn a_value_is_that_of_the_series_with_at_least_the_labels() {
    let telemetry = ordered();
    let metrics = telemetry.metrics();
    metrics.counter("orders_total", []).is(9);
    metrics.counter("orders_total", [("currency", "EUR")]).is(6);
    metrics
        .counter("orders_total", [("currency", "EUR"), ("channel", "web")])
        .is(2);
    metrics
        .counter("orders_total", [("channel", "\"shop\"\n")])
        .is(4);
    metrics.counter("orders_total", []).is_at_least(8);
    assert_eq!(metrics.counter("orders_total", []).value(), 9);

    metrics.gauge("queue_depth", []).is(-2.5);
    metrics.gauge("queue_depth", [("queue", "in")]).is(1.5);
    assert!(metrics.gauge("queue_depth", []).value() < 0.0);

    metrics.histogram("wait_seconds", []).has_count(3);
    let out = metrics.histogram("wait_seconds", [("queue", "out")]);
    out.has_count(2);
    out.has_sum(7.5);
    assert_eq!((out.count(), out.sum()), (2, 7.5));
}

#[test]
fn what_was_never_counted_or_recorded_is_nothing() {
    let metrics = ordered().metrics();
    metrics.counter("refunds_total", []).is(0);
    metrics.counter("orders_total", [("currency", "CHF")]).is(0);
    let wait = metrics.histogram("refund_seconds", []);
    wait.has_count(0);
    wait.has_sum(0.0);
}

#[test]
fn an_assertion_reads_what_is_there_when_it_runs() {
    let telemetry = Telemetry::new("checkout");
    let orders = telemetry.metrics();
    let orders = orders.counter("orders_total", []);
    for count in 0..3 {
        orders.is(count);
        telemetry.record(|| metrics::counter!("orders_total").increment(1));
    }
}

#[test]
fn a_failure_says_what_was_expected_what_is_and_which_series_there_are() {
    let metrics = ordered().metrics();
    let message = failure(|| metrics.counter("orders_total", [("currency", "EUR")]).is(7));
    let expected = r#"counter orders_total{currency="EUR"} is 6, expected 7
series of this metric, those asked for marked `*`:
* {channel="\"shop\"\n", currency="EUR"} 4
* {channel="web", currency="EUR"} 2
  {channel="web", currency="USD"} 3"#;
    assert_eq!(message, expected);

    let message = failure(|| metrics.counter("orders_total", []).is_at_least(10));
    assert!(
        message.starts_with("counter orders_total is 9, expected at least 10\nseries"),
        "{message}"
    );
    let message = failure(|| metrics.histogram("wait_seconds", []).has_count(2));
    let expected = r#"histogram wait_seconds has a count of 3, expected 2
series of this metric, those asked for marked `*`:
* {queue="in"} count 1, sum 0.25
* {queue="out"} count 2, sum 7.5"#;
    assert_eq!(message, expected);
    let message = failure(|| metrics.histogram("wait_seconds", []).has_sum(0.5));
    assert!(
        message.starts_with("histogram wait_seconds has a sum of 7.75, expected 0.5\n"),
        "{message}"
    );
    let message = failure(|| metrics.gauge("queue_depth", []).is(0.1));
    assert!(
        message.starts_with("gauge queue_depth is -2.5, expected 0.1\n"),
        "{message}"
    );
    let message = failure(|| metrics.gauge("queue_depth", [("queue", "up")]).is(0.0));
    assert!(
        message.starts_with("gauge queue_depth{queue=\"up\"} has no series, expected 0\nseries"),
        "{message}"
    );
}

#[test]
fn a_name_that_is_not_there_fails_with_those_that_are() {
    let metrics = ordered().metrics();
    let message = failure(|| metrics.counter("order_total", []).is(9));
    assert!(
        message.starts_with(
            "counter order_total is 0, expected 9\nthere is no metric `order_total`; there are: "
        ),
        "{message}"
    );
    assert!(
        message.contains(" orders_total, ") && message.contains(" queue_depth, "),
        "{message}"
    );
    let message = failure(|| assert!(metrics.gauge("depth", []).value() > 0.0));
    assert!(
        message.starts_with("gauge depth has no series\n"),
        "{message}"
    );
}

#[test]
fn a_metric_of_another_kind_fails_whatever_is_expected() {
    let metrics = ordered().metrics();
    let failures = [
        failure(|| metrics.counter("queue_depth", []).is(0)),
        failure(|| metrics.gauge("wait_seconds", []).is(0.0)),
        failure(|| {
            metrics
                .histogram("orders_total", [("no", "such")])
                .has_count(0);
        }),
    ];
    let expected = [
        "`queue_depth` is no counter: it is a gauge",
        "`wait_seconds` is no gauge: it is a histogram",
        "`orders_total` is no histogram: it is a counter",
    ];
    assert_eq!(failures, expected);
}

#[test]
fn a_failure_is_at_the_line_of_the_test() {
    use std::sync::mpsc::channel;
    use std::thread;

    // A hook is for the process, so only the panics of this thread are looked at.
    let (send, lines) = channel();
    let this = thread::current().id();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().id() == this {
            let location = info.location().unwrap();
            let _ = send.send((location.file().to_owned(), location.line()));
        } else {
            previous(info);
        }
    }));
    let telemetry = Telemetry::new("checkout");
    let metrics = telemetry.metrics();
    metrics::with_local_recorder(telemetry.sonde().metrics(), || {
        metrics::gauge!("depth").set(1.0);
    });
    let first = line!() + 2;
    let assertions: [&dyn Fn(); 6] = [
        &|| metrics.counter("orders_total", []).is(1),
        &|| metrics.counter("depth", []).is(1),
        &|| metrics.gauge("depth", []).is(0.0),
        &|| metrics.histogram("wait_seconds", []).has_count(1),
        &|| telemetry.logs().contains("anything"),
        &|| drop(Telemetry::new("")),
    ];
    for assertion in assertions {
        failure(assertion);
    }
    let _ = std::panic::take_hook();
    let lines: Vec<_> = lines.try_iter().collect();
    let expected: Vec<_> = (first..first + 6)
        .map(|line| (file!().into(), line))
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn log_lines_are_kept_and_not_printed() {
    let telemetry = Telemetry::new("checkout");
    telemetry.record(|| {
        let span = tracing::info_span!("outer", order = 7);
        span.in_scope(|| tracing::warn!(left = 0, "no stock"));
        tracing::debug!("not kept");
    });
    let logs = telemetry.logs();
    logs.contains("WARN it::testing: no stock left=0 outer{order=7} trace_id=");
    logs.lacks("not kept");
    assert_eq!(logs.lines().len(), 1);
    telemetry
        .metrics()
        .counter("radiosonde_log_lines_total", [])
        .is(1);

    let message = failure(|| logs.contains("sold out"));
    assert!(
        message.starts_with("no line of the log contains `sold out`\nthe log is:\n  "),
        "{message}"
    );
    assert!(
        message.contains("no stock left=0") && !message.ends_with('\n'),
        "{message}"
    );
    let message = failure(|| logs.lacks("stock"));
    assert!(
        message.starts_with("a line of the log contains `stock`\n"),
        "{message}"
    );
    let message = failure(|| Telemetry::new("empty").logs().contains("a line"));
    assert!(message.ends_with("\nthe log is empty"), "{message}");
}

#[test]
fn the_configuration_decides_what_is_logged_and_how() {
    let config = Config::new("checkout")
        .log_filter("debug")
        .log_format(LogFormat::Json);
    let telemetry = Telemetry::new(config);
    telemetry.record(|| tracing::debug!("kept"));
    telemetry.logs().contains(r#""message":"kept""#);
}

#[test]
fn a_configuration_that_is_wrong_fails_with_what_is_wrong() {
    let message = failure(|| drop(Telemetry::new("")));
    assert!(
        message.starts_with("there is no telemetry for this test: the service has no name"),
        "{message}"
    );
}

#[cfg(all(feature = "otlp", feature = "sentry"))]
#[test]
fn a_collector_and_a_sentry_project_are_not_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config::new("checkout")
        .otlp_endpoint(format!("http://{address}"))
        .sentry_dsn(format!("http://key@{address}/1"));
    let telemetry = Telemetry::new(config);
    telemetry.record(|| {
        let span = tracing::info_span!("outer");
        span.in_scope(|| tracing::error!("failed"));
    });
    telemetry.logs().contains("failed");
    drop(telemetry);
    assert!(listener.accept().is_err(), "something was sent");
}

#[test]
fn two_telemetries_side_by_side_do_not_meet() {
    let count = |orders: u64| {
        let telemetry = Telemetry::new("checkout");
        for _ in 0..orders {
            telemetry.record(|| {
                metrics::counter!("orders_total").increment(1);
                tracing::info!("an order");
            });
        }
        telemetry.metrics().counter("orders_total", []).is(orders);
        assert_eq!(telemetry.logs().lines().len() as u64, orders);
    };
    std::thread::scope(|scope| {
        for orders in [3, 50, 200] {
            scope.spawn(move || count(orders));
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_records_whichever_thread_polls_it_and_when_it_is_dropped() {
    struct OnDrop;
    impl Drop for OnDrop {
        fn drop(&mut self) {
            metrics::counter!("dropped_total").increment(1);
            tracing::info!("dropped");
        }
    }
    let work = async |polls: u64| {
        let _counted = OnDrop;
        for _ in 0..polls {
            metrics::counter!("polled_total").increment(1);
            tokio::task::yield_now().await;
        }
        "done"
    };

    let telemetry = Telemetry::new("checkout");
    assert_eq!(telemetry.instrument(work(3)).await, "done");
    telemetry.metrics().counter("dropped_total", []).is(1);
    let task = telemetry.instrument(work(4));
    tokio::spawn(task).await.unwrap();
    telemetry.metrics().counter("polled_total", []).is(7);

    let mut cancelled = Box::pin(telemetry.instrument(work(u64::MAX)));
    assert!(is_pending_once(&mut cancelled).await);
    drop(cancelled);
    telemetry.metrics().counter("polled_total", []).is(8);
    telemetry.metrics().counter("dropped_total", []).is(3);
    assert_eq!(telemetry.logs().lines().len(), 3);
}

/// Polls a future once, and tells whether it waits.
async fn is_pending_once(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        std::task::Poll::Ready(polled.is_pending())
    })
    .await
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn requests_through_the_layer_are_asserted_on_without_any_global() {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt as _;

    let telemetry = Telemetry::new("checkout");
    let app = Router::new()
        .route("/orders/{id}", get(async || "an order"))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(telemetry.sonde().layer());
    for path in ["/orders/1", "/orders/2", "/fail", "/nowhere"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
    }
    let metrics = telemetry.metrics();
    let ok = [("route", "/orders/{id}"), ("outcome", "ok")];
    metrics.counter("http_requests_total", ok).is(2);
    metrics.counter("http_requests_total", []).is(4);
    metrics
        .counter("http_requests_total", [("route", "")])
        .is(1);
    metrics.counter("http_errors_total", []).is(1);
    metrics
        .histogram("http_request_duration_seconds", [("route", "/fail")])
        .has_count(1);
    metrics.gauge("http_active_connections", []).is(0.0);
}

#[cfg(all(feature = "axum", feature = "sentry"))]
#[tokio::test]
async fn error_reports_are_kept_as_they_would_have_been_sent() {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use radiosonde::errors::ErrorOptions;
    use tower::ServiceExt as _;

    let errors = ErrorOptions::new().before_send(|mut report| {
        report.set_tag("team", "checkout");
        report
            .message()
            .is_none_or(|text| text != "keep it back")
            .then_some(report)
    });
    let config = Config::new("checkout")
        .sentry_dsn("https://key@sentry.invalid/1")
        .errors(errors);
    let telemetry = Telemetry::new(config);
    let app = Router::new()
        .route("/ok", get(async || "an order"))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(telemetry.sonde().layer());
    for path in ["/ok", "/fail"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
    }
    telemetry.record(|| {
        tracing::error!("password=hunter2 is wrong");
        tracing::error!("keep it back");
    });

    let reports = telemetry.reports();
    reports.contains("is wrong");
    reports.lacks("hunter2");
    reports.lacks("keep it back");
    let transactions: Vec<_> = reports
        .all()
        .iter()
        .map(|report| report.transaction())
        .collect();
    assert_eq!(transactions, [Some("GET /fail"), None]);
    assert_eq!(reports.all()[0].tag("team"), Some("checkout"));
    let sent = telemetry.metrics();
    sent.counter("radiosonde_error_events_sent_total", []).is(2);
    sent.counter("radiosonde_error_events_dropped_total", [])
        .is(1);

    let message = failure(|| reports.contains("no stock"));
    assert!(
        message.starts_with("no error report contains `no stock`\nthe error reports are:\n  "),
        "{message}"
    );
    let message = failure(|| drop(Telemetry::new("checkout").reports()));
    assert!(message.contains("Config::sentry_dsn"), "{message}");
}
