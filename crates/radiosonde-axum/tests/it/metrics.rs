//! The scrape.

use std::io::Read as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use flate2::read::GzDecoder;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use radiosonde_metrics::Exposition;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::client::Service;

#[tokio::test]
async fn metrics_are_prometheus_text_on_both_paths() {
    let service = Service::new();
    for path in ["/metrics", "/health/metrics"] {
        let answer = service.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            Exposition::Text.content_type()
        );
        assert_eq!(answer.body, service.registry.render());
        assert!(answer.body.starts_with("# "), "{}", answer.body);
    }
}

#[tokio::test]
async fn open_metrics_is_for_those_who_prefer_it() {
    let service = Service::new();
    let accept = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let answer = service.ask(Method::GET, "/metrics", accept).await;
    assert_eq!(
        answer.header("content-type"),
        Exposition::OpenMetrics.content_type()
    );
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
}

#[tokio::test]
async fn a_scraper_that_takes_gzip_gets_it() {
    let service = Service::new();
    let plain = service.get("/metrics").await.body;
    let request = Request::builder()
        .uri("/metrics")
        .header("accept-encoding", "gzip");
    let response = service
        .app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let mut text = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);
    assert!(
        body.len() < plain.len() / 2,
        "{} of {}",
        body.len(),
        plain.len()
    );
}

#[tokio::test]
async fn scrapes_at_once_are_all_answered() {
    let service = Service::new();
    let mut scrapes = JoinSet::new();
    for _ in 0..100 {
        let service = service.clone();
        scrapes.spawn(async move { service.get("/metrics").await.status });
    }
    assert!(
        scrapes
            .join_all()
            .await
            .into_iter()
            .all(|status| status == 200)
    );
}

#[test]
fn a_runtime_that_shuts_down_answers_503() {
    let service = Service::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _inside = handle.enter();
    let mut answer = pin!(service.get("/metrics"));
    let Poll::Ready(answer) = answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("the scrape waits for a thread that never comes");
    };
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn without_a_runtime_the_answer_is_503() {
    let service = Service::new();
    let mut answer = pin!(service.get("/metrics"));
    let Poll::Ready(answer) = answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("the scrape waits for a thread that never comes");
    };
    assert_eq!(answer.status, 503);
}
