//! What is reported of requests, and what is told of each.

use std::error::Error;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use radiosonde::errors::{self, ErrorOptions, User};
use radiosonde::{Config, Service, Sonde};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tower::{Layer as _, ServiceExt as _};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;

use super::envelopes::{events, items};
use super::{count, reporting};

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
#[error("the order could not be stored")]
struct NotStored {
    source: std::num::ParseIntError,
}

impl IntoResponse for NotStored {
    fn into_response(self) -> Response {
        errors::set_cause(&self);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

fn not_stored() -> NotStored {
    let source = "x".parse::<u8>().unwrap_err();
    NotStored { source }
}

/// A service that reports to a collector which takes everything.
struct Shop {
    collector: FaultCollector,
    sonde: Sonde,
    dispatch: Dispatch,
    app: Router,
}

impl Shop {
    fn open(options: ErrorOptions, routes: Router) -> Self {
        let collector = FaultCollector::start(Mode::status(200));
        let service = Service::new("checkout").version("1.4.2");
        let (sonde, dispatch) = reporting(&collector, Config::new(service).errors(options));
        let app = routes.layer(sonde.layer());
        Self {
            collector,
            sonde,
            dispatch,
            app,
        }
    }

    async fn ask(&self, request: axum::http::request::Builder) {
        let request = request.body(Body::empty()).unwrap();
        let answer = async {
            let response = self.app.clone().oneshot(request).await.unwrap();
            let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        };
        answer.with_subscriber(self.dispatch.clone()).await;
    }

    async fn get(&self, path: &str) {
        self.ask(Request::get(path)).await;
    }

    /// Ends the telemetry, and returns the events that arrived.
    async fn close(&self) -> Vec<Value> {
        self.sonde.shutdown(PATIENCE).await;
        events(&self.collector)
    }
}

#[tokio::test]
async fn an_error_that_is_logged_twice_and_answered_with_500_is_one_event() {
    let handler = async || {
        let error = not_stored();
        tracing::error!(error = &error.source as &dyn Error, "no number");
        tracing::error!(error = &error as &dyn Error, "no order");
        error
    };
    let shop = Shop::open(ErrorOptions::new(), Router::new().route("/", get(handler)));
    shop.get("/").await;
    // The second line, and the response.
    assert_eq!(count(&shop.sonde, REPEATED), 2);
    let events = shop.close().await;
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["message"], "no number");
}

const REPEATED: &str = r#"radiosonde_error_events_suppressed_total{reason="repeated"} "#;

const IGNORED: &str = r#"radiosonde_error_events_suppressed_total{reason="ignored"} "#;

#[tokio::test]
async fn an_error_that_is_reported_by_hand_and_answered_with_500_is_one_event() {
    let sonde = Arc::new(OnceLock::<Sonde>::new());
    let reporter = sonde.clone();
    let handler = move |axum::extract::Path(says): axum::extract::Path<String>| async move {
        let error = not_stored();
        reporter.get().unwrap().report(&error);
        if says == "why" {
            return error.into_response();
        }
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    };
    let routes = Router::new().route("/{says}", get(handler));
    let shop = Shop::open(ErrorOptions::new(), routes);
    assert!(sonde.set(shop.sonde.clone()).is_ok());
    for (path, requests) in [("/why", 1), ("/nothing", 2)] {
        shop.get(path).await;
        assert_eq!(count(&shop.sonde, REPEATED), requests, "{path}");
    }
    let events = shop.close().await;
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, [" <- ParseIntError <- NotStored"; 2], "{events:#?}");
    for event in events {
        let outermost = &event["exception"]["values"][1];
        assert_eq!(outermost["mechanism"]["handled"], true);
    }
}

#[tokio::test]
async fn a_request_that_fails_without_a_response_is_one_event() {
    let collector = FaultCollector::start(Mode::status(200));
    let (sonde, dispatch) = reporting(&collector, Config::new("checkout"));
    let breaks = tower::service_fn(async |request: Request<Body>| {
        let error = not_stored();
        match request.uri().path() {
            "/logged" => tracing::error!(error = &error as &dyn Error, "no order"),
            "/explained" => errors::set_cause(&error),
            _ => {}
        }
        Err::<Response, _>(error)
    });
    let service = sonde.layer().layer(breaks);
    for path in ["/silent", "/explained", "/logged"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = service.oneshot(request);
        assert!(answer.with_subscriber(dispatch.clone()).await.is_err());
    }
    assert_eq!(count(&sonde, REPEATED), 1);
    sonde.shutdown(PATIENCE).await;
    let events = events(&collector);
    let told: Vec<_> = events.iter().map(told).collect();
    let expected = [
        "GET failed without a response (inner)",
        "GET failed without a response (inner) <- ParseIntError <- NotStored",
        "no order <- ParseIntError <- NotStored",
    ];
    assert_eq!(told, expected, "{events:#?}");
}

#[tokio::test]
async fn what_is_ignored_does_not_keep_quiet_what_is_not() {
    let handler = async || {
        tracing::error!(target: "noisy", "it always says so");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let options = ErrorOptions::new().ignore_targets(["noisy"]);
    let shop = Shop::open(options, Router::new().route("/", get(handler)));
    shop.get("/").await;
    assert_eq!(count(&shop.sonde, IGNORED), 1);
    let events = shop.close().await;
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["message"], "GET / failed with 500");
}

#[tokio::test]
async fn a_failure_is_reported_beside_another_one_that_the_service_dealt_with() {
    let handler = async || {
        tracing::error!("the cache does not answer");
        not_stored()
    };
    let without_cause = async || {
        tracing::error!("the cache does not answer");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let as_a_text = async || {
        let error = not_stored();
        tracing::error!("giving up: {error}");
        error
    };
    let routes = Router::new()
        .route("/", get(handler))
        .route("/without-cause", get(without_cause))
        .route("/text", get(as_a_text));
    let shop = Shop::open(ErrorOptions::new(), routes);
    for (path, repeated) in [("/", 0), ("/without-cause", 1), ("/text", 2)] {
        shop.get(path).await;
        assert_eq!(count(&shop.sonde, REPEATED), repeated, "{path}");
    }
    let events = shop.close().await;
    let mut told: Vec<_> = events
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "GET / failed with 500",
            "giving up: the order could not be stored",
            "the cache does not answer",
            "the cache does not answer",
        ]
    );
}

#[tokio::test]
async fn a_failed_request_is_told_with_its_cause() {
    let handler = async || not_stored();
    let routes = Router::new().route("/orders/{id}", get(handler));
    let shop = Shop::open(ErrorOptions::new(), routes);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let request = Request::get("/orders/7?page=2&token=s3cret").header("traceparent", parent);
    shop.ask(request).await;
    let events = shop.close().await;
    assert_eq!(events.len(), 1, "{events:#?}");
    let event = &events[0];
    assert_eq!(event["transaction"], "GET /orders/{id}");
    assert_eq!(event["message"], "GET /orders/{id} failed with 500");
    let values = event["exception"]["values"].as_array().unwrap();
    let kinds: Vec<_> = values.iter().map(|value| value["type"].clone()).collect();
    assert_eq!(kinds, ["ParseIntError", "NotStored"]);
    assert_eq!(
        values[1]["mechanism"],
        json!({"type": "http", "handled": false})
    );
    assert_eq!(event["contexts"]["response"]["status_code"], 500);
    let request =
        json!({"method": "GET", "url": "/orders/7", "query_string": "page=2&token=[Filtered]"});
    assert_eq!(event["request"], request);
    // Also of a trace that is not sampled.
    let trace = &event["contexts"]["trace"];
    assert_eq!(trace["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(trace["data"]["sampled"], false);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_with_what_broke_it() {
    let broken = async || {
        let pieces = [Ok("half an order"), Err(not_stored())];
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    let failed_before = async || {
        let pieces = [Err::<&str, _>(not_stored())];
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        (StatusCode::BAD_GATEWAY, body)
    };
    let explained = async || {
        let pieces = futures_util::stream::once(async {
            errors::set_cause(&not_stored());
            Err::<&str, _>(std::io::Error::other("no more"))
        });
        Body::from_stream(pieces)
    };
    let routes = Router::new()
        .route("/broken", get(broken))
        .route("/failed", get(failed_before))
        .route("/explained", get(explained));
    let shop = Shop::open(ErrorOptions::new(), routes);
    for path in ["/broken", "/failed", "/explained"] {
        shop.get(path).await;
    }
    let events = shop.close().await;
    let told: Vec<_> = events.iter().map(told).collect();
    let expected = [
        "GET /broken failed with body <- ParseIntError <- NotStored",
        "GET /failed failed with 502",
        "GET /explained failed with body <- ParseIntError <- NotStored",
    ];
    assert_eq!(told, expected, "{events:#?}");
    let outermost = &events[0]["exception"]["values"][1];
    assert_eq!(outermost["value"], "the order could not be stored");
}

/// Sums an event up: its message, and the types of its errors, the innermost first.
fn told(event: &Value) -> String {
    let mut told = event["message"].as_str().unwrap_or_default().to_owned();
    let errors = event["exception"]["values"].as_array();
    for error in errors.into_iter().flatten() {
        told = format!("{told} <- {}", error["type"].as_str().unwrap_or_default());
    }
    told
}

#[tokio::test]
async fn a_cause_alone_is_no_failure() {
    let handler = async || {
        errors::set_cause(&not_stored());
        StatusCode::NOT_FOUND
    };
    let shop = Shop::open(ErrorOptions::new(), Router::new().route("/", get(handler)));
    shop.get("/").await;
    assert!(shop.close().await.is_empty());
}

#[tokio::test]
async fn failures_without_a_cause_are_grouped_by_route_and_status() {
    let routes = Router::new().route("/busy", get(async || StatusCode::SERVICE_UNAVAILABLE));
    let shop = Shop::open(ErrorOptions::new(), routes);
    shop.get("/busy").await;
    let events = shop.close().await;
    let expected = json!(["radiosonde", "GET /busy", "failed with 503"]);
    assert_eq!(events[0]["fingerprint"], expected);
}

#[tokio::test]
async fn user_and_tags_stay_in_their_request() {
    let both = Arc::new(Barrier::new(2));
    let handler = move |axum::extract::Path(id): axum::extract::Path<String>| {
        let both = both.clone();
        async move {
            errors::set_user(User::new(id.clone()).username("joe"));
            errors::set_tag("tenant", id);
            both.wait().await;
            tokio::task::yield_now().await;
            tracing::error!("it broke");
        }
    };
    let routes = Router::new().route("/{id}", get(handler)).route(
        "/anonymous/now",
        get(async || StatusCode::INTERNAL_SERVER_ERROR),
    );
    let shop = Shop::open(ErrorOptions::new(), routes);
    tokio::join!(shop.get("/one"), shop.get("/two"));
    shop.get("/anonymous/now").await;
    errors::set_tag("outside", "of a request");
    let events = shop.close().await;
    assert_eq!(events.len(), 3, "{events:#?}");
    for event in &events[..2] {
        let id = event["request"]["url"]
            .as_str()
            .unwrap()
            .trim_start_matches('/');
        assert_eq!(event["user"], json!({"id": id, "username": "joe"}));
        assert_eq!(event["tags"], json!({"tenant": id}));
    }
    assert!(
        events[2].get("user").is_none() && events[2].get("tags").is_none(),
        "{events:#?}"
    );
}

#[tokio::test]
async fn a_spawned_task_belongs_to_its_request_where_that_is_asked_for() {
    let spawned = async |followed: bool| {
        errors::set_user(User::new("7"));
        let work = async { tracing::error!("it broke in a task") };
        if followed {
            let work = errors::within_request(work).with_current_subscriber();
            tokio::spawn(work).await.unwrap();
        } else {
            tokio::spawn(work.with_current_subscriber()).await.unwrap();
        }
    };
    let routes = Router::new()
        .route("/followed", get(move || spawned(true)))
        .route("/alone", get(move || spawned(false)));
    let shop = Shop::open(ErrorOptions::new(), routes);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    shop.ask(Request::get("/followed").header("traceparent", parent))
        .await;
    shop.get("/alone").await;
    let events = shop.close().await;
    let [followed, alone] = &events[..] else {
        panic!("{events:#?}");
    };
    assert_eq!(followed["transaction"], "GET /followed");
    assert_eq!(followed["user"]["id"], "7");
    let trace = &followed["contexts"]["trace"]["trace_id"];
    assert_eq!(trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(
        alone.get("transaction").is_none() && alone.get("user").is_none(),
        "{alone:#}"
    );
}

#[tokio::test]
async fn a_task_that_follows_a_request_does_so_while_it_is_polled_in_another() {
    // What the first request leaves behind, the second one waits for, and has it spawn a task of its own.
    let (leave, left) = tokio::sync::oneshot::channel();
    let leave = Arc::new(Mutex::new(Some(leave)));
    let left = Arc::new(Mutex::new(Some(left)));
    let first = async move || {
        errors::set_user(User::new("7"));
        let spawning = async {
            let work = async { tracing::error!("the mail was not sent") };
            let work = errors::within_request(work).with_current_subscriber();
            tokio::spawn(work).await.unwrap();
        };
        let spawning: BoxFuture<'static, ()> = errors::within_request(spawning).boxed();
        let _ = leave.lock().unwrap().take().unwrap().send(spawning);
    };
    let second = async move || {
        errors::set_user(User::new("8"));
        let left = left.lock().unwrap().take();
        left.unwrap().await.unwrap().await;
    };
    let routes = Router::new()
        .route("/first", get(first))
        .route("/second", get(second));
    let shop = Shop::open(ErrorOptions::new(), routes);
    shop.get("/first").await;
    shop.get("/second").await;
    let events = shop.close().await;
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["transaction"], "GET /first");
    assert_eq!(events[0]["user"]["id"], "7");
}

#[tokio::test]
async fn breadcrumbs_are_those_of_the_request_and_no_more_than_allowed() {
    let handler = async || {
        tracing::debug!("nobody asked");
        for step in 0..5 {
            tracing::info!(step, "a step");
        }
        tracing::warn!(token = "s3cret", "nearly");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let routes = Router::new()
        .route("/steps", get(handler))
        .route("/none", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    let shop = Shop::open(ErrorOptions::new().breadcrumbs(3), routes);
    tracing::dispatcher::with_default(&shop.dispatch, || tracing::info!("outside"));
    shop.get("/steps").await;
    shop.get("/none").await;
    tracing::dispatcher::with_default(&shop.dispatch, || tracing::error!("it broke outside"));
    let events = shop.close().await;
    let crumbs = |index: usize| {
        let values = events[index]["breadcrumbs"]["values"].as_array();
        values.cloned().unwrap_or_default()
    };
    let told: Vec<_> = crumbs(0)
        .iter()
        .map(|crumb| {
            (
                crumb["level"].clone(),
                crumb["message"].clone(),
                crumb["data"].clone(),
            )
        })
        .collect();
    let expected = [
        ("info".into(), "a step".into(), json!({"step": 3})),
        ("info".into(), "a step".into(), json!({"step": 4})),
        (
            "warning".into(),
            "nearly".into(),
            json!({"token": "[Filtered]"}),
        ),
    ];
    assert_eq!(told, expected);
    assert!(crumbs(1).is_empty(), "{events:#?}");
    let outside = crumbs(2);
    assert_eq!(
        (outside.len(), &outside[0]["message"]),
        (1, &"outside".into())
    );
}

#[tokio::test]
async fn headers_are_told_where_that_is_asked_for_and_secrets_in_no_case() {
    let routes = || Router::new().route("/", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    let request = || {
        let mut plan = HeaderValue::from_static("gold");
        plan.set_sensitive(true);
        Request::get("/")
            .header("x-plan", plan)
            .header("user-agent", "curl/8")
            .header("authorization", "Bearer s3cret")
            .header("cookie", "theme=s3cret")
            .header("x-forwarded-for", "192.0.2.7")
            .header("accept", "text/html")
    };
    let names = [
        "User-Agent",
        "authorization",
        "cookie",
        "x-forwarded-for",
        "x-plan",
        "x-absent",
    ];
    let options = || ErrorOptions::new().headers(names);
    for (options, expected) in [
        (ErrorOptions::new(), Value::Null),
        (
            options(),
            json!({"user-agent": "curl/8", "authorization": "[Filtered]", "cookie": "[Filtered]", "x-forwarded-for": "[Filtered]", "x-plan": "[Filtered]"}),
        ),
        (
            options().personal_data(true),
            json!({"user-agent": "curl/8", "authorization": "[Filtered]", "cookie": "[Filtered]", "x-forwarded-for": "192.0.2.7", "x-plan": "[Filtered]"}),
        ),
    ] {
        let shop = Shop::open(options, routes());
        shop.ask(request()).await;
        assert_eq!(shop.close().await[0]["request"]["headers"], expected);
    }
    let options = ErrorOptions::new().headers(["no header"]);
    let config = Config::new("checkout")
        .sentry_dsn("http://key@localhost/1")
        .errors(options);
    let error = radiosonde::build(config).unwrap_err().to_string();
    assert!(
        error.contains("`no header` is no name of a header"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_reported_of_routes_that_are_ignored() {
    let fails = async || StatusCode::INTERNAL_SERVER_ERROR;
    let routes = Router::new()
        .route("/orders/{id}", get(fails))
        .route("/probe/{id}", get(fails));
    let options = ErrorOptions::new().ignore_routes(["/probe/{id}"]);
    let shop = Shop::open(options, routes);
    shop.get("/probe/1").await;
    shop.get("/orders/1").await;
    assert_eq!(count(&shop.sonde, IGNORED), 1);
    let events = shop.close().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["transaction"], "GET /orders/{id}");
}

#[tokio::test]
async fn sessions_are_told_by_how_they_ended() {
    let handled = async || {
        tracing::error!("it broke, and nobody noticed");
        "an order"
    };
    let broken = async || {
        let pieces = [Err::<&str, _>(std::io::Error::other("gone"))];
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    let routes = || {
        Router::new()
            .route("/ok", get(async || "an order"))
            .route("/handled", get(handled))
            .route("/busy", get(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .route("/broken", get(broken))
    };
    let shop = Shop::open(ErrorOptions::new(), routes());
    for path in [
        "/ok", "/ok", "/nowhere", "/handled", "/busy", "/fail", "/broken",
    ] {
        shop.get(path).await;
    }
    shop.close().await;
    assert_eq!(sessions(&shop), [3, 2, 2]);
    assert_eq!(count(&shop.sonde, "radiosonde_sessions_sent_total "), 7);

    let shop = Shop::open(ErrorOptions::new().release_health(false), routes());
    shop.get("/ok").await;
    shop.close().await;
    assert!(shop.collector.requests().is_empty());
}

/// The sums of the sessions that were told: those that exited, had an error, crashed.
fn sessions(shop: &Shop) -> [u64; 3] {
    let mut ended = [0; 3];
    for told in items(&shop.collector, "sessions") {
        assert_eq!(
            told["attrs"],
            json!({"release": "checkout@1.4.2", "environment": "production"})
        );
        let aggregate = &told["aggregates"][0];
        let started = aggregate["started"].as_str().unwrap();
        assert!(started.ends_with(":00Z"), "{started}");
        for (sum, kind) in ended.iter_mut().zip(["exited", "errored", "crashed"]) {
            *sum += aggregate[kind].as_u64().unwrap();
        }
    }
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_of_many_at_once_are_told_together_to_the_last_one_also_without_reports() {
    const EACH: usize = 100;
    let handled = async || tracing::error!("it broke, and nobody noticed");
    let routes = Router::new()
        .route("/ok", get(async || "an order"))
        .route("/handled", get(handled))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    let options = ErrorOptions::new().events_per_minute(1);
    let before = Instant::now();
    let shop = Arc::new(Shop::open(options, routes));
    let mut requests = JoinSet::new();
    for path in ["/ok", "/handled", "/fail"].repeat(EACH) {
        let shop = shop.clone();
        requests.spawn(async move { shop.get(path).await });
    }
    requests.join_all().await;
    shop.close().await;
    assert_eq!(sessions(&shop), [EACH as u64; 3]);
    // One envelope a minute, and one at the end.
    let minutes = before.elapsed().as_secs() / 60;
    let told = items(&shop.collector, "sessions").len() as u64;
    assert!(told <= 1 + minutes, "{told}");
}
