//! Calls to a service.

use std::future::ready;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::rt::TokioExecutor;
use radiosonde_metrics::Registry;
use radiosonde_tower::grpc::GrpcOptions;
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use tonic::Code;
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::orders::{Client, read, serve};
use super::{assert_line, settled};
use crate::balance::silence_expected_panics;
use crate::script::{sample, total};

const GET: &str = "/shop.Orders/Get";

fn requests(method: &str, outcome: &str, status: &str) -> String {
    format!(
        r#"rpc_requests_total{{outcome="{outcome}",rpc_method="{method}",rpc_status="{status}",rpc_system="grpc"}}"#
    )
}

#[tokio::test]
async fn a_call_is_counted_under_its_method_and_its_status() {
    let registry = Registry::new();
    let mut client = Client::bare(serve(&registry, GrpcOptions::new()));
    // In the trailers behind a message; and in the head, without one.
    assert_eq!(client.get(GET, "").await, Code::Ok);
    assert_eq!(client.get(GET, "5").await, Code::NotFound);
    assert_eq!(client.get(GET, "1").await, Code::Cancelled);
    assert_eq!(client.get(GET, "13").await, Code::Internal);
    assert_eq!(client.get(GET, "14").await, Code::Unavailable);
    settled(&registry).await;

    for (outcome, status) in [
        ("ok", "OK"),
        ("ok", "NOT_FOUND"),
        ("ok", "CANCELLED"),
        ("error", "INTERNAL"),
        ("error", "UNAVAILABLE"),
    ] {
        assert_line(
            &registry,
            &format!("{} 1", requests("shop.Orders/Get", outcome, status)),
        );
    }
    let errors = r#"rpc_errors_total{error_type="INTERNAL",rpc_method="shop.Orders/Get",rpc_system="grpc"} 1"#;
    assert_line(&registry, errors);
    assert_eq!(total(&registry, "rpc_errors_total", ""), 2.0);
    assert_eq!(
        total(&registry, "rpc_request_duration_seconds_count", ""),
        5.0
    );
    // And not once more as requests of HTTP.
    let text = registry.render();
    assert!(
        !text.contains("\nhttp_requests_total") && !text.contains("\nrpc_stream"),
        "{text}"
    );
}

#[tokio::test]
async fn whoever_calls_what_there_is_not_makes_no_series() {
    let registry = Registry::new();
    let mut client = Client::bare(serve(&registry, GrpcOptions::new()));
    for path in [
        "/shop.Orders/Guess",
        "/shop.Orders/Guess2",
        "/other.Service/Get",
        "/a/b/c",
    ] {
        assert_eq!(client.get(path, "").await, Code::Unimplemented);
        assert_eq!(client.get(path, "").await, Code::Unimplemented);
    }
    assert_line(
        &registry,
        &format!("{} 8", requests("_OTHER", "error", "UNIMPLEMENTED")),
    );
    assert_eq!(total(&registry, "rpc_requests_total", ""), 8.0);
}

#[tokio::test]
async fn whoever_calls_a_route_of_http_makes_no_series() {
    let registry = Registry::new();
    let options = ObserveOptions::new().grpc(GrpcOptions::new());
    let layer = ObserveLayer::new(&registry, options);
    // Statuses of which the codes of gRPC are made that a method gives.
    let answer = |request: Request<()>| {
        let status = request.uri().path().len() % 4;
        let status = [200, 400, 429, 500][status];
        ready(
            Response::builder()
                .status(status)
                .body("no call".to_owned()),
        )
    };
    for id in 0..1_000 {
        let request = Request::get(format!("/orders/{}{id}", "n".repeat(id % 4)))
            .header("content-type", "application/grpc");
        let service = layer.layer(service_fn(answer));
        let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(
        total(&registry, "rpc_requests_total", r#""_OTHER""#),
        1_000.0
    );
    assert_eq!(total(&registry, "rpc_requests_total", ""), 1_000.0);
}

#[tokio::test]
async fn with_a_list_of_methods_no_other_has_a_name() {
    let registry = Registry::new();
    let options = GrpcOptions::new().methods(["shop.Orders/Get"]);
    let mut client = Client::bare(serve(&registry, options));
    assert_eq!(client.get(GET, "16").await, Code::Unauthenticated);
    assert_eq!(client.fill(&["", ""]).await, Code::Ok);
    settled(&registry).await;
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Get", "ok", "UNAUTHENTICATED")),
    );
    assert_line(&registry, &format!("{} 1", requests("_OTHER", "ok", "OK")));
}

#[tokio::test]
async fn a_stream_is_timed_to_its_head_and_apart() {
    let registry = Registry::new();
    let mut client = Client::bare(serve(&registry, GrpcOptions::new()));
    assert_eq!(read(client.watch("3:0").await).await, (3, Code::Ok));
    // From now on it is known to be one.
    assert_eq!(
        read(client.watch("1:9").await).await,
        (1, Code::FailedPrecondition)
    );
    assert_eq!(client.talk(&["", "", "15"]).await, (2, Code::DataLoss));
    // Of one message each way, as far as can be seen from here.
    assert_eq!(client.fill(&["", "", ""]).await, Code::Ok);
    settled(&registry).await;

    let streams = |method: &str| {
        let labels = format!(r#"rpc_method="shop.Orders/{method}""#);
        total(&registry, "rpc_stream_duration_seconds_count", &labels)
    };
    assert_eq!(["Watch", "Talk", "Fill"].map(streams), [2.0, 1.0, 0.0]);
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Watch", "ok", "OK")),
    );
    assert_line(
        &registry,
        &format!(
            "{} 1",
            requests("shop.Orders/Watch", "ok", "FAILED_PRECONDITION")
        ),
    );
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Talk", "error", "DATA_LOSS")),
    );
    assert_eq!(
        total(&registry, "rpc_request_duration_seconds_count", ""),
        4.0
    );
}

#[tokio::test]
async fn a_caller_that_leaves_cancels_its_call() {
    let registry = Registry::new();
    let options = GrpcOptions::new().streams(["shop.Orders/Watch"]);
    let address = serve(&registry, options);
    let mut client = Client::bare(address);
    assert_eq!(client.get(GET, "").await, Code::Ok);
    let call = tokio::spawn(async move { client.get(GET, "hang").await });
    while total(&registry, "rpc_active_requests", "") != 1.0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    let mut client = Client::bare(address);
    let mut stream = client.watch("1:hang").await;
    assert!(stream.message().await.unwrap().is_some());
    drop(stream);
    settled(&registry).await;
    assert_line(
        &registry,
        &format!(
            "{} 1",
            requests("shop.Orders/Get", "cancelled", "CANCELLED")
        ),
    );
    assert_line(
        &registry,
        &format!(
            "{} 1",
            requests("shop.Orders/Watch", "cancelled", "CANCELLED")
        ),
    );
    assert_eq!(
        total(&registry, "rpc_stream_duration_seconds_count", "Watch"),
        1.0
    );
    assert_eq!(total(&registry, "rpc_errors_total", ""), 0.0);
}

#[tokio::test]
async fn a_panic_is_an_internal_error() {
    silence_expected_panics();
    let registry = Registry::new();
    let options = GrpcOptions::new().methods(["shop.Orders/Get"]);
    let mut client = Client::bare(serve(&registry, options));
    assert_ne!(client.get(GET, "panic").await, Code::Ok);
    settled(&registry).await;
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Get", "panicked", "INTERNAL")),
    );
    assert_eq!(total(&registry, "rpc_errors_total", "panic"), 1.0);
}

#[tokio::test]
async fn what_is_no_call_is_a_request_as_ever() {
    let registry = Registry::new();
    let address = serve(&registry, GrpcOptions::new());
    let client = Hyper::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let mut request = Request::new(Empty::<bytes::Bytes>::new());
    *request.uri_mut() = format!("http://{address}{GET}").parse().unwrap();
    for kind in [
        "application/grpc-web",
        "application/grpc-web+proto",
        "text/plain",
    ] {
        request
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        let response = client.request(request.clone()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(total(&registry, "http_requests_total", ""), 3.0);
    assert_eq!(total(&registry, "rpc_requests_total", ""), 0.0);

    request
        .headers_mut()
        .insert("content-type", "application/grpc+proto".parse().unwrap());
    client
        .request(request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(total(&registry, "rpc_requests_total", ""), 1.0);
    assert_eq!(
        sample(&registry, r#"http_active_connections{method="GET"}"#),
        0.0
    );
}
