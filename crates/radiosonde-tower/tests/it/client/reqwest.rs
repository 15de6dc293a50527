//! The layer as a middleware of reqwest, and a server at the other end.

use std::error::Error as _;
use std::time::Duration;

use http::{HeaderMap, Version};
use radiosonde_metrics::Registry;
use radiosonde_tower::Entered;
use radiosonde_tower::client::{
    ClientObservation, ClientObserver, ClientOptions, ClientScope, Departure, ObserveClientLayer,
};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use super::origin::{self, Origin};
use super::wire::{assert_counted, briefly};

fn observed(registry: &Registry) -> ClientWithMiddleware {
    let layer = ObserveClientLayer::new(registry, ClientOptions::new());
    ClientBuilder::new(plain()).with(layer).build()
}

fn plain() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn what_a_server_answers_is_counted_under_its_status() {
    let origin = Origin::start();
    let cases = [
        ("/ok", r#"outcome="ok",status="200""#, None),
        ("/chunked", r#"outcome="ok",status="200""#, None),
        ("/empty", r#"outcome="ok",status="200""#, None),
        ("/moved", r#"outcome="ok",status="200""#, None),
        ("/missing", r#"outcome="error",status="404""#, Some("404")),
        ("/broken", r#"outcome="error",status="503""#, Some("503")),
    ];
    for (path, labels, error) in cases {
        let registry = Registry::new();
        let response = observed(&registry).get(origin.url(path)).send().await;
        response.unwrap().bytes().await.unwrap();
        assert_counted(&registry, &format!("method=\"GET\",{labels}"), error);
    }
}

#[tokio::test]
async fn a_response_is_the_same_with_and_without_the_layer() {
    let origin = Origin::start();
    for path in ["/ok", "/chunked", "/empty", "/moved", "/missing"] {
        let bare = plain().get(origin.url(path)).send().await.unwrap();
        let observed = observed(&Registry::new()).get(origin.url(path)).send();
        let observed = observed.await.unwrap();
        assert_eq!(bare.status(), observed.status());
        assert_eq!(bare.version(), observed.version());
        assert_eq!(bare.headers(), observed.headers());
        assert_eq!(bare.url(), observed.url());
        assert_eq!(bare.remote_addr(), observed.remote_addr());
        assert_eq!(bare.content_length(), observed.content_length());
        assert_eq!(bare.bytes().await.unwrap(), observed.bytes().await.unwrap());
    }
}

#[tokio::test]
async fn failures_are_told_apart() {
    let origin = Origin::start();
    let hang = Duration::from_millis(300);

    let registry = Registry::new();
    let refused = observed(&registry).get(origin::nobody()).send().await;
    assert!(refused.unwrap_err().is_connect());
    let labels = r#"method="GET",outcome="error""#;
    assert_counted(&registry, labels, Some("connect"));

    let registry = Registry::new();
    let slow = observed(&registry).get(origin.url("/hang")).timeout(hang);
    assert!(slow.send().await.unwrap_err().is_timeout());
    assert_counted(&registry, labels, Some("timeout"));

    let registry = Registry::new();
    let gone = observed(&registry).get(origin.url("/gone")).send().await;
    assert!(gone.unwrap_err().is_request());
    assert_counted(&registry, labels, Some("inner"));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_and_keeps_its_cause() {
    let origin = Origin::start();
    let labels = r#"method="GET",outcome="error",status="200""#;

    let registry = Registry::new();
    let half = observed(&registry).get(origin.url("/half")).send().await;
    let error = half.unwrap().bytes().await.unwrap_err();
    let bare = plain().get(origin.url("/half")).send().await;
    let bare = bare.unwrap().bytes().await.unwrap_err();
    assert_eq!(error.is_decode(), bare.is_decode());
    assert_eq!(error.is_body(), bare.is_body());
    assert_eq!(error.to_string(), bare.to_string());
    assert!(error.source().is_some());
    assert_counted(&registry, labels, Some("body"));

    let registry = Registry::new();
    let slow = observed(&registry).get(origin.url("/slow"));
    let slow = slow.timeout(Duration::from_millis(300)).send().await;
    assert!(slow.unwrap().bytes().await.unwrap_err().is_timeout());
    assert_counted(&registry, labels, Some("body"));
}

#[tokio::test]
async fn a_time_out_that_drops_the_future_cancels_the_request() {
    let (origin, registry) = (Origin::start(), Registry::new());
    let hang = observed(&registry).get(origin.url("/hang")).send();
    assert!(briefly(hang).await.is_err());
    assert_counted(&registry, r#"method="GET",outcome="cancelled""#, None);
}

/// Follows requests by a header.
#[derive(Debug)]
struct Follows;

impl ClientObserver for Follows {
    fn depart(&self, request: &Departure<'_>) -> Option<Box<dyn ClientScope>> {
        assert!(request.url().ends_with("/ok"), "{}", request.url());
        Some(Box::new(Follows))
    }
}

impl ClientScope for Follows {
    fn inject(&self, headers: &mut HeaderMap) {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", parent.parse().unwrap());
    }

    fn enter(&self) -> Entered {
        Entered::new(|| ())
    }

    fn close(self: Box<Self>, observation: &ClientObservation<'_>) {
        assert_eq!(observation.version(), Some(Version::HTTP_11));
    }
}

#[tokio::test]
async fn headers_of_an_observer_arrive_at_the_server() {
    let origin = Origin::start();
    let options = ClientOptions::new().observer(Follows);
    let layer = ObserveClientLayer::new(&Registry::new(), options);
    let client = ClientBuilder::new(plain()).with(layer).build();
    let response = client.get(origin.url("/ok")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let head = origin.head();
    assert!(head.contains(parent), "{head}");
}
