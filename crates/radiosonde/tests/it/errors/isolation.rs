//! A hundred requests at once, on four workers: what is said of one is told of no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, Uri};
use axum::routing::get;
use radiosonde::errors::{self, ErrorOptions, User};
use radiosonde::{Config, Sonde};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::yield_now;
use tower::ServiceExt as _;

use super::envelopes::events;
use super::{all_sent, dsn};
use crate::child;

const REQUESTS: usize = 100;

/// Each request fails, and so do a task that follows it and one that does not.
const EVENTS: usize = 3 * REQUESTS;

/// How many are reported before they are sent: the queue of all has room for a hundred.
const AT_ONCE: usize = 50;

const WORKERS: usize = 4;

/// How requests fail: each way is a route.
const WAYS: [&str; 4] = ["logged", "reported", "panicked", "answered"];

#[derive(Debug, thiserror::Error)]
#[error("{0} fails")]
struct Failed(String);

struct Shop {
    sonde: Sonde,
    /// Opens when all requests are under way.
    all: Barrier,
    /// A permit for each event.
    turns: Semaphore,
}

impl Shop {
    async fn turn(&self) {
        self.turns.acquire().await.unwrap().forget();
    }

    /// Fails in a task of its own.
    async fn work(self: Arc<Self>, path: String, how: &'static str) {
        tracing::info!("{path} {how}");
        yield_now().await;
        self.turn().await;
        tracing::error!("{path} {how}");
    }
}

async fn order(State(shop): State<Arc<Shop>>, uri: Uri) -> StatusCode {
    let path = uri.path().to_owned();
    errors::set_user(User::new(path.clone()));
    shop.all.wait().await;
    tracing::info!("{path} goes on");
    errors::set_tag("path", path.clone());
    yield_now().await;
    let follows = shop.clone().work(path.clone(), "follows");
    tokio::spawn(errors::within_request(follows));
    tokio::spawn(shop.clone().work(path.clone(), "apart"));
    shop.turn().await;
    let way = path.split('/').nth(1).unwrap().to_owned();
    let failed = Failed(path);
    match &*way {
        "logged" => tracing::error!("{failed}"),
        "reported" => shop.sonde.report(&failed),
        "panicked" => panic!("{failed}"),
        _ => {
            errors::set_cause(&failed);
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
    }
    StatusCode::OK
}

fn path(number: usize) -> String {
    format!("/{}/{number}", WAYS[number % WAYS.len()])
}

fn trace_id(number: usize) -> String {
    format!("{:032x}", number + 1)
}

fn request(number: usize) -> Request<Body> {
    let parent = format!("00-{}-00f067aa0ba902b7-01", trace_id(number));
    let request = Request::get(path(number)).header("traceparent", parent);
    request.body(Body::empty()).unwrap()
}

/// Makes all requests at once, and then fails outside of requests on each worker.
fn serve() {
    std::panic::set_hook(Box::new(|_| {}));
    let options = ErrorOptions::new().events_per_minute(10_000);
    let sonde = radiosonde::init(Config::new("checkout").errors(options)).unwrap();
    let shop = Arc::new(Shop {
        sonde: sonde.clone(),
        all: Barrier::new(REQUESTS),
        turns: Semaphore::new(0),
    });
    let routes = WAYS.iter().fold(Router::new(), |routes, way| {
        routes.route(&format!("/{way}/{{id}}"), get(order))
    });
    let app = routes.with_state(shop.clone()).layer(sonde.layer());
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap();
    for number in 0..REQUESTS {
        let app = app.clone();
        runtime.spawn(async move {
            let response = app.oneshot(request(number)).await.unwrap();
            axum::body::to_bytes(response.into_body(), usize::MAX).await
        });
    }
    for sent in (AT_ONCE..=EVENTS).step_by(AT_ONCE) {
        shop.turns.add_permits(AT_ONCE);
        all_sent(&sonde, sent.try_into().unwrap());
    }
    fail_on_each_worker(&runtime);
    all_sent(&sonde, (EVENTS + WORKERS).try_into().unwrap());
}

fn fail_on_each_worker(runtime: &Runtime) {
    let all = Arc::new(std::sync::Barrier::new(WORKERS));
    for number in 0..WORKERS {
        let all = all.clone();
        runtime.spawn(async move {
            // Holds its worker until each has one.
            all.wait();
            tracing::error!("outside {number}");
        });
    }
}

/// The text of what failed, which says whose failure it is.
fn text(event: &Value) -> &str {
    let error = event.pointer("/exception/values/0/value");
    error.unwrap_or(&event["message"]).as_str().unwrap()
}

/// What an event tells of a request.
fn told(event: &Value) -> Value {
    json!({
        "user": event["user"],
        "tags": event["tags"],
        "transaction": event["transaction"],
        "url": event["request"]["url"],
        "trace": event["contexts"]["trace"]["trace_id"],
    })
}

/// What each event is to tell, by its text.
fn expected() -> BTreeMap<String, Value> {
    let nothing = told(&Value::Null);
    let mut expected = BTreeMap::new();
    for number in 0..REQUESTS {
        let path = path(number);
        let of_request = json!({
            "user": {"id": path},
            "tags": {"path": path},
            "transaction": format!("GET /{}/{{id}}", WAYS[number % WAYS.len()]),
            "url": path,
            "trace": trace_id(number),
        });
        expected.insert(format!("{path} fails"), of_request.clone());
        expected.insert(format!("{path} follows"), of_request);
        expected.insert(format!("{path} apart"), nothing.clone());
    }
    let outside = |number| (format!("outside {number}"), nothing.clone());
    expected.extend((0..WORKERS).map(outside));
    expected
}

/// Asserts that what happened before an event did so in the same request, or outside of all.
#[track_caller]
fn assert_breadcrumbs(event: &Value) {
    let happened_to = |text: &str| match text.split_once(' ') {
        Some((path, how)) if path.starts_with('/') && how != "apart" => Some(path.to_owned()),
        _ => None,
    };
    let owner = happened_to(text(event));
    let breadcrumbs = event["breadcrumbs"]["values"].as_array();
    // A request leaves one at least before it fails.
    assert!(breadcrumbs.is_some() || owner.is_none(), "{event:#}");
    for breadcrumb in breadcrumbs.into_iter().flatten() {
        let text = breadcrumb["message"].as_str().unwrap();
        assert_eq!(happened_to(text), owner, "{event:#}");
    }
}

#[test]
fn what_is_said_of_a_request_is_told_of_no_other_wherever_it_goes_on() {
    if child::is_child() {
        serve();
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let name =
        "errors::isolation::what_is_said_of_a_request_is_told_of_no_other_wherever_it_goes_on";
    child::printed(&child::run(name, &[("SENTRY_DSN", &dsn(&collector))]));
    let events = events(&collector);
    let by_text: BTreeMap<_, _> = events.iter().map(|event| (text(event), event)).collect();
    for (text, expected) in expected() {
        let event = by_text.get(&*text).unwrap_or_else(|| panic!("no `{text}`"));
        assert_eq!(told(event), expected, "{event:#}");
        assert_breadcrumbs(event);
    }
    assert_eq!(events.len(), EVENTS + WORKERS);
}
