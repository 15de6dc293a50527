//! The gRPC health protocol, frame by frame.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::client::{Service, failing};

async fn call(app: &Router, method: &str, body: Vec<u8>) -> Response {
    let request = Request::post(format!("/grpc.health.v1.Health/{method}"));
    let request = request.header("content-type", "application/grpc+proto");
    let request = request.body(Body::from(body)).unwrap();
    let Ok(response) = app.clone().oneshot(request).await;
    response
}

/// Asks for a service by a message of one text.
fn asking(service: &str) -> Vec<u8> {
    let length = u8::try_from(service.len()).unwrap();
    let mut message = vec![0, 0, 0, 0, length + 2, 0x0a, length];
    message.extend_from_slice(service.as_bytes());
    message
}

fn app(service: &Service) -> Router {
    service.endpoints.grpc_health(["stock.v1.Stock"])
}

/// Returns the state in the next message, or the status at the end.
async fn next(body: &mut Body) -> String {
    let frame = body.frame().await.unwrap().unwrap();
    match frame.into_data() {
        Ok(data) => {
            let [0, 0, 0, 0, 2, 8, state] = *data else {
                panic!("{data:?}")
            };
            format!("state {state}")
        }
        Err(frame) => {
            let trailers = frame.into_trailers().unwrap();
            format!("status {}", trailers["grpc-status"].to_str().unwrap())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_serves_while_it_is_ready() {
    let service = Service::degraded();
    let app = app(&service);
    for name in ["", "stock.v1.Stock"] {
        let response = call(&app, "Check", asking(name)).await;
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let mut body = response.into_body();
        assert_eq!(next(&mut body).await, "state 1");
        assert_eq!(next(&mut body).await, "status 0");
        assert!(body.frame().await.is_none());
    }
    service.health.start_draining();
    let mut body = call(&app, "Check", asking("")).await.into_body();
    assert_eq!(next(&mut body).await, "state 2");
}

#[tokio::test(start_paused = true)]
async fn all_services_are_listed_with_what_they_are() {
    let service = Service::new();
    let app = app(&service);
    for state in [1, 2] {
        let mut body = call(&app, "List", vec![0; 5]).await.into_body();
        let list = body.frame().await.unwrap().unwrap().into_data().unwrap();
        // A name and a state in each: the server as a whole, and the one service.
        let mut expected = vec![0x0a, 6, 0x0a, 0, 0x12, 2, 0x08, state];
        expected.extend([0x0a, 20, 0x0a, 14]);
        expected.extend(b"stock.v1.Stock");
        expected.extend([0x12, 2, 0x08, state]);
        assert_eq!(list[..5], [0, 0, 0, 0, 30]);
        assert_eq!(list[5..], expected);
        assert_eq!(next(&mut body).await, "status 0");
        service.health.start_draining();
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_service_is_not_found() {
    let response = call(&app(&Service::new()), "Check", asking("other")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["grpc-status"], "5");
    let mut body = call(&app(&Service::new()), "Watch", asking("other"))
        .await
        .into_body();
    assert_eq!(next(&mut body).await, "state 3");
}

#[tokio::test(start_paused = true)]
async fn who_watches_is_told_each_change_and_let_go_at_the_drain() {
    let service = Service::new();
    let gate = service.health.gate("migrations");
    let mut body = call(&app(&service), "Watch", asking("")).await.into_body();
    assert_eq!(next(&mut body).await, "state 2");
    gate.open();
    assert_eq!(next(&mut body).await, "state 1");
    service.register(failing("database").critical());
    // Nobody told of it; it is looked for each second.
    assert_eq!(next(&mut body).await, "state 2");
    service.health.start_draining();
    assert_eq!(next(&mut body).await, "status 14");
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_told_before_the_end() {
    let service = Service::new();
    let mut body = call(&app(&service), "Watch", asking("")).await.into_body();
    assert_eq!(next(&mut body).await, "state 1");
    service.health.start_draining();
    assert_eq!(next(&mut body).await, "state 2");
    assert_eq!(next(&mut body).await, "status 14");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_not_told_any_more() {
    let service = Service::new();
    let mut body = call(&app(&service), "Watch", asking("")).await.into_body();
    next(&mut body).await;
    drop(body);
    tokio::time::sleep(Duration::from_secs(2)).await;
    service.health.take_out_of_service("a look");
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_none_are_refused() {
    let app = app(&Service::new());
    for (body, status) in [
        (vec![], "3"),
        (vec![0, 0, 0, 0], "3"),
        (vec![0, 0, 0, 0, 9, 1], "3"),
        (vec![0, 0, 0, 0, 1, 0x0a], "3"),
        (vec![1, 0, 0, 0, 0], "12"),
        (vec![0; 10_000], "3"),
    ] {
        for method in ["Check", "List", "Watch"] {
            if method == "List" && body.len() == 6 {
                // It reads no field.
                continue;
            }
            let response = call(&app, method, body.clone()).await;
            assert_eq!(response.headers()["grpc-status"], status, "{body:?}");
        }
    }
    let request = Request::post("/grpc.health.v1.Health/Check");
    let request = request.body(Body::from(Bytes::new())).unwrap();
    let Ok(response) = app.oneshot(request).await;
    assert_eq!(response.status(), 415);
}
