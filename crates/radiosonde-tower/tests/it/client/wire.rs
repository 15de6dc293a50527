//! The layer around hyper's client, and a server at the other end.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClient, ObserveClientLayer};
use tower::{Layer as _, ServiceExt as _};

use super::origin::{self, Origin};
use crate::script::{sample, total, total_in};

type Hyper = ObserveClient<Client<HttpConnector, Empty<Bytes>>>;

fn client(registry: &Registry) -> Hyper {
    let client = Client::builder(TokioExecutor::new()).build_http();
    ObserveClientLayer::new(registry, ClientOptions::new()).layer(client)
}

fn get(url: &str) -> Request<Empty<Bytes>> {
    Request::get(url).body(Empty::new()).unwrap()
}

/// Sends a request, reads what comes, and tells whether all of it came.
async fn fetch(client: &Hyper, request: Request<Empty<Bytes>>) -> bool {
    match client.clone().oneshot(request).await {
        Ok(response) => response.into_body().collect().await.is_ok(),
        Err(_) => false,
    }
}

/// Asserts that one request was counted, under these labels, and that nothing secret was.
#[track_caller]
pub(super) fn assert_counted(registry: &Registry, labels: &str, error: Option<&str>) {
    let text = registry.render();
    let (method, rest) = labels.split_once(',').unwrap();
    let (outcome, status) = rest.split_once(',').unwrap_or((rest, ""));
    let status = match status {
        "" => String::new(),
        status => format!(",{status}"),
    };
    let series =
        format!(r#"http_client_requests_total{{{method},{outcome},server="127.0.0.1"{status}}}"#);
    assert_eq!(sample(registry, &series), 1.0, "{series}\n{text}");
    let all = total(registry, "http_client_requests_total", "");
    assert_eq!(all, 1.0, "{text}");
    let active = total(registry, "http_client_active_requests", "");
    assert_eq!(active, 0.0, "{text}");
    let errors = total(registry, "http_client_errors_total", "");
    assert_eq!(errors, f64::from(u8::from(error.is_some())), "{text}");
    if let Some(kind) = error {
        let part = format!("error_type=\"{kind}\"");
        let counted = total(registry, "http_client_errors_total", &part);
        assert_eq!(counted, 1.0, "{kind}\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn what_a_server_answers_is_counted_under_its_status() {
    let origin = Origin::start();
    let cases = [
        ("/ok", r#"outcome="ok",status="200""#, None),
        ("/chunked", r#"outcome="ok",status="200""#, None),
        ("/empty", r#"outcome="ok",status="200""#, None),
        ("/moved", r#"outcome="ok",status="302""#, None),
        ("/missing", r#"outcome="error",status="404""#, Some("404")),
        ("/broken", r#"outcome="error",status="503""#, Some("503")),
    ];
    for (path, labels, error) in cases {
        let registry = Registry::new();
        assert!(fetch(&client(&registry), get(&origin.url(path))).await);
        let labels = format!("method=\"GET\",{labels}");
        assert_counted(&registry, &labels, error);
    }
}

#[tokio::test]
async fn without_an_observer_a_request_is_sent_as_it_is() {
    let origin = Origin::start();
    assert!(fetch(&client(&Registry::new()), get(&origin.url("/ok"))).await);
    let headers: Vec<_> = origin.head().lines().skip(1).map(str::to_owned).collect();
    assert_eq!(headers.len(), 1, "{headers:?}");
    assert!(headers[0].starts_with("host: "), "{headers:?}");
}

#[tokio::test]
async fn a_head_request_ends_with_the_head() {
    let (origin, registry) = (Origin::start(), Registry::new());
    let mut request = get(&origin.url("/ok"));
    *request.method_mut() = Method::HEAD;
    let response = client(&registry).oneshot(request).await.unwrap();
    let labels = r#"method="HEAD",outcome="ok",status="200""#;
    assert_counted(&registry, labels, None);
    drop(response);
    assert_counted(&registry, labels, None);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_an_error() {
    let origin = Origin::start();
    let registry = Registry::new();
    assert!(!fetch(&client(&registry), get(&origin.url("/gone"))).await);
    let labels = r#"method="GET",outcome="error""#;
    assert_counted(&registry, labels, Some("inner"));

    let registry = Registry::new();
    assert!(!fetch(&client(&registry), get(&origin.url("/half"))).await);
    let labels = r#"method="GET",outcome="error",status="200""#;
    assert_counted(&registry, labels, Some("body"));
}

#[tokio::test]
async fn a_refused_connection_is_an_error_without_a_status() {
    let registry = Registry::new();
    assert!(!fetch(&client(&registry), get(&origin::nobody())).await);
    let labels = r#"method="GET",outcome="error""#;
    assert_counted(&registry, labels, Some("inner"));
}

#[tokio::test]
async fn a_time_out_that_drops_the_future_cancels_the_request() {
    let origin = Origin::start();
    for (path, status) in [("/hang", ""), ("/slow", r#",status="200""#)] {
        let registry = Registry::new();
        let client = client(&registry);
        assert!(
            briefly(fetch(&client, get(&origin.url(path))))
                .await
                .is_err()
        );
        let labels = format!(r#"method="GET",outcome="cancelled"{status}"#);
        assert_counted(&registry, &labels, None);
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_is_cancelled() {
    let (origin, registry) = (Origin::start(), Registry::new());
    let response = client(&registry).oneshot(get(&origin.url("/ok"))).await;
    drop(response);
    let labels = r#"method="GET",outcome="cancelled",status="200""#;
    assert_counted(&registry, labels, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_leave_the_balance_exact() {
    let (origin, registry) = (Origin::start(), Registry::new());
    let client = client(&registry);
    let paths = ["/ok", "/missing", "/half", "/hang", "/gone"];
    let mut left = Vec::new();
    let mut read = Vec::new();
    for path in paths.repeat(40) {
        let (client, request) = (client.clone(), get(&origin.url(path)));
        let fetched = tokio::spawn(async move { fetch(&client, request).await });
        // A limit of time would leave others too, on a machine that is busy.
        match path {
            "/hang" => left.push(fetched),
            _ => read.push((path, fetched)),
        }
    }
    for (path, fetched) in read {
        let whole = fetched.await.unwrap();
        assert_eq!(whole, ["/ok", "/missing"].contains(&path), "{path}");
    }
    while total(&registry, "http_client_active_requests", "") < 40.0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for fetched in left {
        fetched.abort();
        assert!(fetched.await.unwrap_err().is_cancelled());
    }
    let text = registry.render();
    let count = |metric: &str, part: &str| total_in(&text, metric, part);
    for (outcome, expected) in [
        ("ok", 40.0),
        ("error", 120.0),
        ("cancelled", 40.0),
        ("panicked", 0.0),
        ("upgraded", 0.0),
    ] {
        let outcome = format!("outcome=\"{outcome}\"");
        let counted = count("http_client_requests_total", &outcome);
        assert_eq!(counted, expected, "{outcome}\n{text}");
    }
    assert_eq!(count("http_client_requests_total", ""), 200.0, "{text}");
    for (kind, expected) in [("404", 40.0), ("body", 40.0), ("inner", 40.0)] {
        let part = format!("error_type=\"{kind}\"");
        let counted = count("http_client_errors_total", &part);
        assert_eq!(counted, expected, "{kind}\n{text}");
    }
    assert_eq!(count("http_client_active_requests", ""), 0.0, "{text}");
}

/// Gives a future a little time.
pub(super) fn briefly<F: Future>(future: F) -> tokio::time::Timeout<F> {
    tokio::time::timeout(Duration::from_millis(300), future)
}
