//! The scrape.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use radiosonde_metrics::TEXT_CONTENT_TYPE;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::client::Service;

#[tokio::test]
async fn metrics_are_prometheus_text_on_both_paths() {
    let service = Service::new();
    for path in ["/metrics", "/health/metrics"] {
        let answer = service.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), TEXT_CONTENT_TYPE);
        assert_eq!(answer.body, service.registry.render());
        assert!(answer.body.starts_with("# "), "{}", answer.body);
    }
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
