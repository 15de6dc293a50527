//! Calls whose answer knows how long its message is, as that of a proxy: the status comes after the last byte all the same.

use std::convert::Infallible;
use std::future::{Ready, ready};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClientLayer};
use radiosonde_tower::grpc::GrpcOptions;
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::assert_line;

fn call() -> Request<()> {
    Request::post("http://shop.internal/shop.Orders/Get")
        .header("content-type", "application/grpc")
        .body(())
        .unwrap()
}

/// Answers with a message of this length, and says behind it that all went well.
fn answer(
    message: &'static [u8],
) -> Ready<Result<Response<impl Body<Data = Bytes, Error = Infallible>>, Infallible>> {
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
    let body = Full::new(Bytes::from_static(message)).with_trailers(async { Some(Ok(trailers)) });
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .header("content-length", message.len());
    ready(Ok(response.body(body).unwrap()))
}

const MESSAGES: [&[u8]; 2] = [b"\0\0\0\0\x02ok", b""];

#[tokio::test]
async fn a_call_that_is_served_is_closed_by_its_trailers() {
    let registry = Registry::new();
    let layer = ObserveLayer::new(&registry, ObserveOptions::new().grpc(GrpcOptions::new()));
    for message in MESSAGES {
        let service = layer.layer(service_fn(move |_| answer(message)));
        let response = service.oneshot(call()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    assert_line(
        &registry,
        r#"rpc_requests_total{outcome="ok",rpc_method="shop.Orders/Get",rpc_status="OK",rpc_system="grpc"} 2"#,
    );
}

#[tokio::test]
async fn a_call_that_is_made_is_closed_by_its_trailers() {
    let registry = Registry::new();
    let options = ClientOptions::new().grpc(GrpcOptions::new());
    let layer = ObserveClientLayer::new(&registry, options);
    for message in MESSAGES {
        let client = layer.layer(service_fn(move |_| answer(message)));
        let response = client.oneshot(call()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let text = registry.render();
    let ok = |line: &&str| {
        line.starts_with("rpc_client_requests_total{") && line.contains(r#"rpc_status="OK""#)
    };
    assert!(
        text.lines()
            .find(ok)
            .is_some_and(|line| line.ends_with(" 2")),
        "{text}"
    );
}
