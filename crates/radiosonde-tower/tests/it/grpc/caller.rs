//! Calls by a client.

use std::net::TcpListener;

use radiosonde_metrics::Registry;
use radiosonde_tower::grpc::GrpcOptions;
use tonic::Code;

use super::orders::{Client, read, serve};
use super::{assert_line, settled};
use crate::script::total;

fn requests(method: &str, outcome: &str, status: &str) -> String {
    let status = match status {
        "" => String::new(),
        status => format!(r#"rpc_status="{status}","#),
    };
    format!(
        r#"rpc_client_requests_total{{outcome="{outcome}",rpc_method="{method}",{status}rpc_system="grpc",server="shop"}}"#
    )
}

#[tokio::test]
async fn to_a_client_every_status_but_ok_is_an_error() {
    let registry = Registry::new();
    let address = serve(&Registry::new(), GrpcOptions::new());
    let mut client = Client::observed(address, &registry, GrpcOptions::new());
    assert_eq!(client.get("/shop.Orders/Get", "").await, Code::Ok);
    assert_eq!(client.get("/shop.Orders/Get", "5").await, Code::NotFound);
    assert_eq!(client.fill(&["", "14"]).await, Code::Unavailable);
    assert_eq!(
        client.get("/shop.Orders/Lost", "").await,
        Code::Unimplemented
    );
    settled(&registry).await;

    for (method, outcome, status) in [
        ("shop.Orders/Get", "ok", "OK"),
        ("shop.Orders/Get", "error", "NOT_FOUND"),
        ("shop.Orders/Fill", "error", "UNAVAILABLE"),
        ("_OTHER", "error", "UNIMPLEMENTED"),
    ] {
        assert_line(
            &registry,
            &format!("{} 1", requests(method, outcome, status)),
        );
    }
    assert_eq!(total(&registry, "rpc_client_errors_total", ""), 3.0);
    assert_eq!(total(&registry, "http_client_requests_total", ""), 0.0);
}

#[tokio::test]
async fn a_stream_that_is_heard_is_timed_apart() {
    let registry = Registry::new();
    let address = serve(&Registry::new(), GrpcOptions::new());
    let mut client = Client::observed(address, &registry, GrpcOptions::new());
    assert_eq!(read(client.watch("2:13").await).await, (2, Code::Internal));
    let mut stream = client.watch("1:hang").await;
    assert!(stream.message().await.unwrap().is_some());
    drop(stream);
    settled(&registry).await;
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Watch", "error", "INTERNAL")),
    );
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Watch", "cancelled", "")),
    );
    assert_eq!(
        total(&registry, "rpc_client_stream_duration_seconds_count", ""),
        2.0
    );
}

#[tokio::test]
async fn without_an_answer_there_is_no_status() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let registry = Registry::new();
    let options = GrpcOptions::new().methods(["shop.Orders/Get"]);
    let mut client = Client::observed(nobody, &registry, options);
    assert_ne!(client.get("/shop.Orders/Get", "").await, Code::Ok);
    settled(&registry).await;
    assert_line(
        &registry,
        &format!("{} 1", requests("shop.Orders/Get", "error", "")),
    );
    assert_eq!(total(&registry, "rpc_client_errors_total", "inner"), 1.0);
}
